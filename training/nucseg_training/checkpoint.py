# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checkpoints: written whole or not at all, and read without running code."""

from __future__ import annotations

import os
import zipfile
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


def load(path: Path, *needed: str) -> dict:
    """The checkpoint's dictionary; ValueError where the file isn't whole, isn't
    a checkpoint, or lacks one of the keys that are needed."""
    try:
        # PyTorch takes flipped bytes for weights; the archive has checksums.
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
        if bad:
            raise ValueError(f"{bad} does not match its checksum")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # whatever a broken archive sets off
        text = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path}: not a checkpoint of training/train, or "
                         f"damaged ({text})") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path}: not a checkpoint of training/train: it has a "
                         f"{type(state).__name__}, a dictionary is expected")
    missing = [k for k in ("network", "step", *needed) if k not in state]
    if missing:
        raise ValueError(f"{path}: not a checkpoint of training/train: "
                         f"{', '.join(missing)} expected, not in it")
    return state


def load_network(path: Path, averaged: bool = True
                 ) -> tuple[AttentionUNet, dict]:
    """The network in evaluation mode (with the averaged weights unless told
    otherwise) and the checkpoint that it came from."""
    which = "ema" if averaged else "model"
    state = load(path, which)
    try:
        net = AttentionUNet(NetworkConfig.from_dict(state["network"]))
        net.load_state_dict(state[which])
    except (TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(f"{path}: not a checkpoint of this version's network: "
                         f"{str(error).splitlines()[0]}") from None
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
