# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checkpoints: written whole or not at all, and read without running code."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from . import fold
from .graph import Graph
from .network import AttentionUNet, NetworkConfig


def save(path: Path, state: dict) -> None:
    """Writes beside the file, then renames, so that a stop spoils nothing."""
    part = path.with_suffix(path.suffix + ".part")
    torch.save(state, part)
    os.replace(part, path)


def load(path: Path) -> dict:
    """The checkpoint's dictionary."""
    return torch.load(path, map_location="cpu", weights_only=True)


def load_network(path: Path, averaged: bool = True
                 ) -> tuple[AttentionUNet, dict]:
    """The network in evaluation mode (with the averaged weights unless told
    otherwise) and the checkpoint that it came from."""
    state = load(path)
    net = AttentionUNet(NetworkConfig.from_dict(state["network"]))
    net.load_state_dict(state["ema" if averaged else "model"])
    return net.eval(), state


def load_mean(paths: list[Path], averaged: bool = True
              ) -> tuple[Graph, NetworkConfig, dict]:
    """The graph of the mean of several checkpoints' weights, norms folded, its
    configuration, and the first checkpoint; ValueError where they are not of
    one network."""
    net, state = load_network(paths[0], averaged)
    mean = fold.to_graph(net)
    for n, path in enumerate(paths[1:], 2):
        other, _ = load_network(path, averaged)
        if other.config != net.config:
            raise ValueError(f"{path}: of another network than {paths[0]}")
        mean.mix(fold.to_graph(other), 1 / n)
    return mean, net.config, state
