# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checkpoints: written whole or not at all, and read without running code."""

from __future__ import annotations

import os
from pathlib import Path

import torch

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
