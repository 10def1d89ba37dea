# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a checkpoint or a model file on whole frames, in f32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, graph
from .decode import OutputSpec, decode
from .prepare import InputSpec, prepare

Predict = Callable[[np.ndarray, int], np.ndarray]


def maps_of(net: Callable[[torch.Tensor], torch.Tensor], grey: np.ndarray,
            bits: int, spec: InputSpec, multiple: int) -> np.ndarray:
    """The maps (C, H, W) of one frame, without the padding."""
    x = prepare(grey, bits, spec, multiple=multiple)
    with torch.inference_mode():
        out = net(torch.from_numpy(x)[None, None])[0].numpy()
    h, w = grey.shape[:2]
    return np.ascontiguousarray(out[:, :h, :w])


def from_checkpoint(path: Path, changes: dict, averaged: bool = True
                    ) -> Predict:
    """Labels of a frame by a checkpoint; `changes` alters the decoder."""
    net, _ = checkpoint.load_network(path, averaged)
    net = net.to(memory_format=torch.channels_last)
    spec, out = InputSpec(), replace(OutputSpec(maps=net.config.maps),
                                     **changes)
    return lambda grey, bits: decode(
        maps_of(net, grey, bits, spec, net.config.multiple), out)


def input_spec(values: dict) -> InputSpec:
    """The InputSpec of a model file's `input` object."""
    n = values["normalization"]
    return InputSpec(n["method"], n.get("low", 1.0), n.get("high", 99.8),
                     tuple(n.get("clip", (-0.25, 1.5))),
                     n.get("min_range", 0.01), values["smoothing"],
                     values["polarity"], values["pixel_size_um"])


def output_spec(values: dict) -> OutputSpec:
    """The OutputSpec of a model file's `output` object."""
    return OutputSpec(tuple(values["maps"]), **values["decoder"])


def from_model(path: Path, changes: dict) -> Predict:
    """Labels of a frame by a model file; `changes` alters the decoder."""
    net, inp, outp, _ = graph.load_model(path)
    spec, out = input_spec(inp), replace(output_spec(outp), **changes)
    return lambda grey, bits: decode(
        maps_of(net.run, grey, bits, spec, net.multiple), out)
