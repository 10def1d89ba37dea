# SPDX-License-Identifier: LGPL-2.1-or-later
"""The training images in memory, in the form that augmentation samples from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import prepare
from .data import (Entry, grey_of, has_colours, read_frame, read_labels,
                   split_pieces)

CANVAS = 640


@dataclass
class Canvas:
    """An image with mirrored surroundings, so that rotated and shrunk crops
    stay filled; mirrored nuclei are nuclei of their own, and one that touches
    the edge joins its mirror image.

    image (H, W) f32 is the network's input before clipping matters; half is
    the same at half the resolution, for shrinking crops without aliasing;
    labels (H, W) int16 or int32; box is (y0, x0, y1, x1) of the original
    inside; primaries, of a coloured image, are red, green and blue, each
    prepared as a grey image would be, (3, H, W) f16, and primaries_half the
    same at half the resolution."""

    entry: Entry
    image: torch.Tensor
    half: torch.Tensor
    labels: torch.Tensor
    box: tuple[int, int, int, int]
    primaries: torch.Tensor | None = None
    primaries_half: torch.Tensor | None = None


def make_canvas(root: Path, entry: Entry, spec: prepare.InputSpec) -> Canvas:
    """Reads one image and its labels and prepares them for sampling."""
    frame = read_frame(root / "images" / f"{entry.id}.png")
    grey, bits = grey_of(frame)
    labels = read_labels(root / "labels" / f"{entry.id}.png")
    if grey.shape != labels.shape:
        raise ValueError(f"{entry.id}: image {grey.shape} but labels "
                         f"{labels.shape}")
    return from_arrays(entry, grey, bits, labels, spec,
                       frame if has_colours(frame) else None)


def from_arrays(entry: Entry, grey: np.ndarray, bits: int, labels: np.ndarray,
                spec: prepare.InputSpec, colours: np.ndarray | None = None
                ) -> Canvas:
    """Prepares an image (grey integers) and its labels for sampling; `colours`
    is the same image in 8-bit RGB if it is coloured."""
    plain = prepare.normalise(grey, bits, spec)
    x = prepare.apply_polarity(plain, spec)
    pads = []
    for n in x.shape:
        p = min(n, max(0, (CANVAS - n + 1) // 2))
        # An even sum keeps the half-resolution copy aligned.
        q = min(n, p + n % 2)
        q -= (n + p + q) % 2
        pads.append((p, q))
    big = np.pad(labels, pads, mode="symmetric")
    big = split_pieces(big)
    x = np.pad(x, pads, mode="symmetric")
    image = torch.from_numpy(x)
    half = torch.nn.functional.avg_pool2d(image[None, None], 2)[0, 0]
    (py, _), (px, _) = pads
    box = (py, px, py + labels.shape[0], px + labels.shape[1])
    # Half the memory, where the numbers fit.
    small = big.max(initial=0) <= np.iinfo(np.int16).max
    big = torch.from_numpy(big.astype(np.int16 if small else np.int32))
    canvas = Canvas(entry, image, half, big, box)
    if colours is not None:
        stack = [prepare.normalise(colours[..., i], 8, spec) for i in range(3)]
        if x is not plain:
            stack = [1 - c for c in stack]
        canvas.primaries = torch.from_numpy(np.stack(
            [np.pad(c, pads, mode="symmetric") for c in stack])).half()
        canvas.primaries_half = torch.nn.functional.avg_pool2d(
            canvas.primaries[None].float(), 2)[0].half()
    return canvas


def sampling_weights(canvases: list[Canvas], factors: dict[str, float]
                     ) -> np.ndarray:
    """Probability of each image: rare kinds more often, and large images by
    the square root of their area, at most three times a 256x256 one."""
    weights = []
    for c in canvases:
        y0, x0, y1, x1 = c.box
        size = ((y1 - y0) * (x1 - x0) / 65536.0) ** 0.5
        weights.append(factors.get(c.entry.kind, 1.0) * min(3.0, max(1.0, size)))
    w = np.asarray(weights)
    return w / w.sum()
