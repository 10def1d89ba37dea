# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a trained network to a model file that runs in f32, bf16 and int8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from . import fold, graph, quantise
from .canvas import Canvas
from .decode import OutputSpec
from .network import AttentionUNet
from .prepare import InputSpec


def cut(x: np.ndarray, multiple: int, largest: int) -> np.ndarray:
    """A prepared frame from its corner, at most `largest` pixels a side, whose
    sides stay multiples of what the graph asks."""
    side = largest // multiple * multiple
    return np.ascontiguousarray(x[:side, :side])


def inputs_of(canvases: list[Canvas], multiple: int, count: int = 64,
              largest: int = 512) -> Iterator[np.ndarray]:
    """Prepared frames of evenly drawn training images, padded to `multiple` by
    the mirrored surroundings that a canvas has anyway."""
    for c in canvases[::max(1, len(canvases) // count)][:count]:
        y0, x0, y1, x1 = c.box
        h, w = (-(-n // multiple) * multiple for n in (y1 - y0, x1 - x0))
        yield cut(c.image[y0:y0 + h, x0:x0 + w].numpy(), multiple, largest)


def write_model(path: Path, net: AttentionUNet, inputs: Iterable[np.ndarray],
                spec: InputSpec, out: OutputSpec, name: str, seed: int,
                **texts: str) -> str:
    """Writes a model file with scales for int8; returns its SHA-256. `inputs`
    are prepared frames to find the scales on, sides multiples of the
    network's; `texts` as for graph.save_model()."""
    g = fold.to_graph(net)
    quantise.apply(g, quantise.calibrate(g, inputs, seed))
    return graph.save_model(path, g, spec.to_json(), out.to_json(), name,
                            **texts)
