# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a checkpoint or a model file on whole frames, in f32."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, graph, limits
from .decode import OutputSpec, decode
from .network import NetworkConfig
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
    net, state = checkpoint.load_network(path, averaged)
    net = net.to(memory_format=torch.channels_last)
    spec, out = specs_of(state, net.config)
    out = changed(out, changes)
    return lambda grey, bits: decode(
        maps_of(net, grey, bits, spec, net.config.multiple), out)


def input_spec(values: dict) -> InputSpec:
    """The InputSpec of a model file's `input` object, with the defaults of
    docs/model-format.md."""
    n = values["normalization"]
    return InputSpec(n["method"], n.get("low", 0.0), n.get("high", 100.0),
                     tuple(n.get("clip", (0.0, 1.0))), n.get("min_range", 0.0),
                     values.get("smoothing", 0.0), values["polarity"],
                     values.get("pixel_size_um", 0.0))


def output_spec(values: dict) -> OutputSpec:
    """The OutputSpec of a model file's `output` object."""
    return OutputSpec(tuple(values["maps"]),
                      **{"min_area": 0} | values["decoder"])


def specs_of(state: dict, config: NetworkConfig
             ) -> tuple[InputSpec, OutputSpec]:
    """How a checkpoint's network reads frames, and its decoder. Checkpoints from
    before these were kept have the defaults, which is said."""
    note = state.get("note", {})
    missing = [k for k in ("input", "output") if k not in note]
    if missing:
        print(f"the checkpoint of step {state['step']} is an older one, without "
              f"{', '.join(missing)}: the usual ones are taken",
              file=sys.stderr)
    spec = input_spec(note["input"]) if "input" in note else InputSpec()
    if "output" in note:
        return spec, output_spec(note["output"])
    scale = state.get("options", {}).get("offset_scale",
                                         OutputSpec.offset_scale)
    return spec, OutputSpec(config.maps, offset_scale=scale)


def changed(out: OutputSpec, changes: dict) -> OutputSpec:
    """A decoder with other values; ValueError where one is out of range."""
    out = replace(out, **changes)
    limits.check_decoder(out.to_json()["decoder"])
    return out


def from_model(path: Path, changes: dict) -> Predict:
    """Labels of a frame by a model file; `changes` alters the decoder."""
    net, inp, outp, _ = graph.load_model(path)
    spec, out = input_spec(inp), changed(output_spec(outp), changes)
    return lambda grey, bits: decode(
        maps_of(net.run, grey, bits, spec, net.multiple), out)
