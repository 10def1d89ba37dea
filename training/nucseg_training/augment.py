# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random crops: one interpolation for rotation, flip, scale, shear and elastic
deformation, then what microscopes do to grey values."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from .canvas import Canvas


def _field(rng: np.random.Generator, channels: int, cells: int, size: int
           ) -> torch.Tensor:
    """Smooth noise of unit variance at its nodes, (channels, size, size)."""
    nodes = torch.from_numpy(
        rng.standard_normal((1, channels, cells, cells)).astype(np.float32))
    return F.interpolate(nodes, size=(size, size), mode="bicubic",
                         align_corners=True)[0]


def sample(canvas: Canvas, rng: np.random.Generator, size: int
           ) -> tuple[torch.Tensor, torch.Tensor]:
    """One crop: image (size, size) f32 and labels (size, size) int64, -1 where
    the crop leaves the canvas."""
    zoom = 1.0
    if rng.random() < 0.75:
        zoom = math.exp(float(np.clip(rng.normal(0.0, 0.38),
                                      -math.log(2.0), math.log(2.0))))
    angle = rng.random() * 2 * math.pi
    if rng.random() < 0.3:
        # Square turns need no interpolation: such crops stay as sharp as
        # whole frames are.
        angle = rng.integers(4) * math.pi / 2
    stretch = math.exp(float(rng.normal(0.0, 0.06)))
    flip = 1.0 if rng.random() < 0.5 else -1.0
    c, s = math.cos(angle), math.sin(angle)
    # Rows of the crop's (y, x) to the canvas's (y, x).
    a = np.array([[c, -s], [s, c]]) @ np.diag([flip * stretch, 1 / stretch])
    a = a / zoom
    y0, x0, y1, x1 = canvas.box
    half = 0.5 * size / zoom

    def centre(lo: int, hi: int) -> float:
        # Whole pixels keep crops without zoom and rotation exact.
        r = min(half, 0.5 * (hi - lo))
        return round(rng.uniform(lo + 0.6 * r, hi - 0.6 * r)) - 0.5

    cy, cx = centre(y0, y1), centre(x0, x1)
    i = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
    yy, xx = i[:, None], i[None, :]
    y = cy + a[0, 0] * yy + a[0, 1] * xx
    x = cx + a[1, 0] * yy + a[1, 1] * xx
    if rng.random() < 0.3:
        bend = _field(rng, 2, 6, size) * (rng.uniform(1.0, 5.0) / zoom)
        y, x = y + bend[0], x + bend[1]
    h, w = canvas.image.shape
    grid = torch.stack([(2 * x + 1) / w - 1, (2 * y + 1) / h - 1], -1)[None]
    source = (canvas.half if zoom < 0.71 else canvas.image)[None]
    mixture = torch.ones(1)
    if canvas.primaries is not None and rng.random() < 0.6:
        # Another stain or another lamp: grey is another mixture of the
        # primaries, about as often with more red as with less.
        mixture = torch.from_numpy(rng.dirichlet((2.0, 3.0, 1.0))).float()
        source = (canvas.primaries_half if zoom < 0.71
                  else canvas.primaries).float()
    image = F.grid_sample(source[None], grid, mode="bilinear",
                          padding_mode="reflection", align_corners=False)
    image = (image[0] * mixture[:, None, None]).sum(0)
    iy, ix = y.round().long(), x.round().long()
    outside = (iy < 0) | (iy >= h) | (ix < 0) | (ix >= w)
    labels = canvas.labels[iy.clamp(0, h - 1), ix.clamp(0, w - 1)].long()
    labels[outside] = -1
    return image, labels


def _blur(x: torch.Tensor, sigma: float) -> torch.Tensor:
    r = max(1, math.ceil(2.5 * sigma))
    t = torch.exp(-0.5 * (torch.arange(-r, r + 1) / sigma) ** 2)
    t = t / t.sum()
    x = F.pad(x[None, None], (r, r, r, r), mode="reflect")
    x = F.conv2d(x, t.view(1, 1, 1, -1))
    return F.conv2d(x, t.view(1, 1, -1, 1))[0, 0]


def _noise(rng: np.random.Generator, size: int) -> torch.Tensor:
    return torch.from_numpy(rng.standard_normal((size, size), np.float32))


def _renormalise(x: torch.Tensor) -> torch.Tensor:
    """Percentiles 1 and 99.8 to 0 and 1, as the engine does for a frame."""
    flat = x.numpy().ravel()
    lo_i, hi_i = int(0.01 * flat.size), int(0.998 * flat.size)
    part = np.partition(flat, (lo_i, hi_i))
    lo, hi = float(part[lo_i]), float(part[hi_i])
    return (x - lo) / max(hi - lo, 1e-3)


# How often a crop is shown as if its polarity had been guessed wrong: stained
# tissue on a dark ground is, now and then.
INVERSION = {"fluorescence": 0.04, "colour": 0.15, "brightfield": 0.15}


def photometric(x: torch.Tensor, rng: np.random.Generator,
                clip: tuple[float, float], inversion: float) -> torch.Tensor:
    """What light, optics and camera may do to a prepared crop."""
    size = x.shape[0]
    if rng.random() < 0.5:
        g = math.exp(float(rng.uniform(-0.6, 0.6)))
        x = torch.where(x > 0, x.clamp(min=1e-6) ** g, x)
    if rng.random() < 0.25:
        light = 1 + 0.3 * _field(rng, 1, 3, size)[0]
        x = x * light.clamp(0.3, 2.0)
        if rng.random() < 0.5:
            x = x + rng.uniform(0.0, 0.15) * _field(rng, 1, 3, size)[0]
    if rng.random() < 0.3:
        x = _blur(x, rng.uniform(0.4, 2.0))
    if rng.random() < 0.5:
        strength = rng.uniform(0.0, 0.12)
        noise = _noise(rng, size)
        if rng.random() < 0.3:
            noise = _blur(noise, 0.7) * 2.0
        if rng.random() < 0.5:
            noise = noise * x.clamp(min=0.02).sqrt() * 1.5
        x = x + strength * noise
    if rng.random() < inversion:
        x = 1 - x
    if rng.random() < 0.5:
        x = _renormalise(x)
    if rng.random() < 0.5:
        x = x * rng.uniform(0.75, 1.25) + rng.uniform(-0.1, 0.1)
    return x.clamp(*clip)


def empty_frame(rng: np.random.Generator, size: int,
                clip: tuple[float, float]) -> torch.Tensor:
    """Noise, perhaps correlated and unevenly lit, stretched to the full range
    as the preparation does with a frame that shows nothing."""
    x = _noise(rng, size)
    if rng.random() < 0.5:
        x = _blur(x, rng.uniform(0.5, 1.5))
        x = x / x.std()
    if rng.random() < 0.6:
        x = x + rng.uniform(0.0, 3.0) * _field(rng, 1, 3, size)[0]
    return _renormalise(x).clamp(*clip)


class BatchSource:
    """Batches by number: batch i of a seed is always the same."""

    def __init__(self, canvases: list[Canvas], weights: np.ndarray, seed: int,
                 batch: int, size: int, clip: tuple[float, float],
                 empty: float):
        self.canvases, self.weights = canvases, weights
        self.seed, self.batch, self.size = seed, batch, size
        self.clip, self.empty = clip, empty

    def __call__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (N, 1, S, S) f32 and labels (N, S, S) int64."""
        rng = np.random.default_rng([self.seed, number % 2 ** 32])
        picks = rng.choice(len(self.canvases), self.batch, p=self.weights)
        images, labels = [], []
        for p in picks:
            if rng.random() < self.empty:
                images.append(empty_frame(rng, self.size, self.clip))
                labels.append(torch.zeros(self.size, self.size,
                                          dtype=torch.int64))
                continue
            canvas = self.canvases[p]
            x, y = sample(canvas, rng, self.size)
            images.append(photometric(x, rng, self.clip,
                                      INVERSION.get(canvas.entry.kind, 0.04)))
            labels.append(y)
        return torch.stack(images)[:, None], torch.stack(labels)
