# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random crops: one interpolation for rotation, flip, scale, shear and elastic
deformation, then what microscopes do to grey values."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import torch
import torch.nn.functional as F

from .canvas import Canvas
from .data import through_jpeg
from .prepare import InputSpec


# What may be left out, to see what it is worth.
PARTS = ("scale", "turn", "elastic", "gamma", "light", "blur", "noise", "jpeg",
         "inversion")
Parts = Collection[str]


def _field(rng: np.random.Generator, channels: int, cells: int, size: int
           ) -> torch.Tensor:
    """Smooth noise of unit variance at its nodes, (channels, size, size)."""
    nodes = torch.from_numpy(
        rng.standard_normal((1, channels, cells, cells)).astype(np.float32))
    return F.interpolate(nodes, size=(size, size), mode="bicubic",
                         align_corners=True)[0]


def sample(canvas: Canvas, rng: np.random.Generator, size: int,
           gentle: bool = False, without: Parts = ()
           ) -> tuple[torch.Tensor, torch.Tensor]:
    """One crop: image (size, size) f32 and labels (size, size) int64, -1 where
    the crop leaves the canvas. A gentle one is turned, flipped and hardly
    resized, and its pixels are the image's own mixture of primaries; two of
    three are exact, in square turns, with the image's own pixels and labels:
    interpolation blurs edges, and moves those of labels by up to half a
    pixel. `without` names PARTS: no other size of those that are not gentle,
    square turns alone, no elastic deformation."""
    zoom = 1.0
    exact = gentle and rng.random() < 2 / 3
    if gentle:
        if not exact:
            zoom = math.exp(float(rng.normal(0.0, 0.1)))
    elif rng.random() < 0.75 and "scale" not in without:
        # Up to three times as large: networks that saw hardly more than twice
        # cut the nuclei of such frames to pieces.
        zoom = math.exp(float(np.clip(rng.normal(0.1, 0.5),
                                      -math.log(2.0), math.log(3.0))))
    angle = rng.random() * 2 * math.pi
    if "turn" in without or exact or rng.random() < 0.3:
        angle = rng.integers(4) * math.pi / 2
    stretch = 1.0 if gentle else math.exp(float(rng.normal(0.0, 0.06)))
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
    if not gentle and rng.random() < 0.3 and "elastic" not in without:
        bend = _field(rng, 2, 6, size) * (rng.uniform(1.0, 5.0) / zoom)
        y, x = y + bend[0], x + bend[1]
    h, w = canvas.image.shape
    grid = torch.stack([(2 * x + 1) / w - 1, (2 * y + 1) / h - 1], -1)[None]
    source = (canvas.half if zoom < 0.71 else canvas.image)[None]
    mixture = torch.ones(1)
    if (not gentle and canvas.primaries is not None
            and rng.random() < 0.6):
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


def _renormalise(x: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """What the engine does for a frame, for the crop: the model's percentiles or
    the crop's extremes to 0 and 1, or its histogram made even."""
    flat = x.numpy().ravel()
    if spec.method == "equalize":
        _, which, counts = np.unique(flat, return_inverse=True,
                                     return_counts=True)
        rest = max(1, flat.size - counts[0])
        even = (np.cumsum(counts) - counts[0]) / rest
        return torch.from_numpy(even[which].reshape(x.shape).astype(np.float32))
    lo_i, hi_i = 0, flat.size - 1
    if spec.method == "percentile":
        lo_i, hi_i = (int(p / 100 * flat.size) for p in (spec.low, spec.high))
    part = np.partition(flat, (lo_i, hi_i))
    lo, hi = float(part[lo_i]), float(part[hi_i])
    return (x - lo) / max(hi - lo, 1e-3)


def recorded(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """What a recording in JPEG leaves of a prepared crop: whole grey values, few of
    them where the frame was dim, and blocks of 8x8."""
    levels = math.exp(float(rng.uniform(math.log(20), math.log(140))))
    quality = int(rng.integers(25, 96))
    # The darkest that preparation lets through is -0.25, the brightest 1.5.
    grey = np.rint((x.numpy() + 0.25) * levels).clip(0, 255).astype(np.uint8)
    back = through_jpeg(grey, quality).astype(np.float32)
    return torch.from_numpy(back / np.float32(levels) - np.float32(0.25))


# How often a crop is shown as if its polarity had been guessed wrong: stained
# tissue on a dark ground is, now and then.
INVERSION = {"fluorescence": 0.04, "colour": 0.15, "brightfield": 0.15}


def photometric(x: torch.Tensor, rng: np.random.Generator,
                spec: InputSpec, inversion: float, without: Parts = ()
                ) -> torch.Tensor:
    """What light, optics and camera may do to a prepared crop, but for those
    of PARTS that `without` names."""
    size = x.shape[0]
    if rng.random() < 0.5 and "gamma" not in without:
        g = math.exp(float(rng.uniform(-0.6, 0.6)))
        x = torch.where(x > 0, x.clamp(min=1e-6) ** g, x)
    if rng.random() < 0.25 and "light" not in without:
        light = 1 + 0.3 * _field(rng, 1, 3, size)[0]
        x = x * light.clamp(0.3, 2.0)
        if rng.random() < 0.5:
            x = x + rng.uniform(0.0, 0.15) * _field(rng, 1, 3, size)[0]
    if rng.random() < 0.3 and "blur" not in without:
        x = _blur(x, rng.uniform(0.4, 2.0))
    if rng.random() < 0.5 and "noise" not in without:
        strength = rng.uniform(0.0, 0.12)
        noise = _noise(rng, size)
        if rng.random() < 0.3:
            noise = _blur(noise, 0.7) * 2.0
        if rng.random() < 0.5:
            noise = noise * x.clamp(min=0.02).sqrt() * 1.5
        x = x + strength * noise
    if rng.random() < 0.15 and "jpeg" not in without:
        x = recorded(x, rng)
    if rng.random() < inversion and "inversion" not in without:
        x = 1 - x
    if rng.random() < 0.5:
        x = _renormalise(x, spec)
    if rng.random() < 0.5:
        x = x * rng.uniform(0.75, 1.25) + rng.uniform(-0.1, 0.1)
    return x.clamp(*spec.clip)


def hardly(x: torch.Tensor, rng: np.random.Generator,
           spec: InputSpec, without: Parts = ()) -> torch.Tensor:
    """What a gentle crop gets: JPEG (unless `without` names it), the limits of
    its own content, or another exposure, now and then."""
    if rng.random() < 0.1 and "jpeg" not in without:
        x = recorded(x, rng)
    if rng.random() < 0.25:
        x = _renormalise(x, spec)
    if rng.random() < 0.25:
        x = x * rng.uniform(0.85, 1.15) + rng.uniform(-0.04, 0.04)
    return x.clamp(*spec.clip)


def empty_frame(rng: np.random.Generator, size: int,
                spec: InputSpec) -> torch.Tensor:
    """Noise, perhaps correlated and unevenly lit, stretched to the full range
    as the preparation does with a frame that shows nothing."""
    x = _noise(rng, size)
    if rng.random() < 0.5:
        x = _blur(x, rng.uniform(0.5, 1.5))
        x = x / x.std()
    if rng.random() < 0.6:
        x = x + rng.uniform(0.0, 3.0) * _field(rng, 1, 3, size)[0]
    return _renormalise(x, spec).clamp(*spec.clip)


def join(images: torch.Tensor, labels: torch.Tensor, across: int = 2
         ) -> tuple[torch.Tensor, torch.Tensor]:
    """`across` times `across` crops each as one frame: what the attention pools
    over a whole frame is then of other crops as well. (N, 1, S, S) and
    (N, S, S), N a multiple of across^2; nuclei keep labels of their own."""
    n, _, size, _ = images.shape
    labels = labels.clone()
    each = across * across
    for first in range(0, n, each):
        used = 0
        for part in labels[first:first + each]:
            most = int(part.max())
            part[part > 0] += used
            used += max(0, most)

    def whole(x: torch.Tensor) -> torch.Tensor:
        return x.view(n // each, across, across, size, size).permute(
            0, 1, 3, 2, 4).reshape(n // each, across * size, across * size)

    return whole(images[:, 0])[:, None], whole(labels)


class BatchSource:
    """Batches by number: batch i of a seed is always the same."""

    def __init__(self, canvases: list[Canvas], weights: np.ndarray, seed: int,
                 batch: int, size: int, spec: InputSpec,
                 empty: float, gentle: float = 0.0, joined: float = 0.0,
                 without: Parts = ()):
        self.canvases, self.weights = canvases, weights
        self.seed, self.batch, self.size = seed, batch, size
        self.spec, self.empty, self.gentle = spec, empty, gentle
        self.joined, self.without = joined, without

    def __call__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (N, 1, S, S) f32 and labels (N, S, S) int64; of a joined batch
        (N / 4, 1, 2 S, 2 S) and (N / 4, 2 S, 2 S), or about as many pixels in
        frames of 4 times 4 crops."""
        rng = np.random.default_rng([self.seed, number % 2 ** 32])
        count, size, across = self.batch, self.size, 1
        if self.joined > 0 and rng.random() < self.joined:
            across = int(rng.choice((2, 4)))
        if across == 4:
            count = 16 * math.ceil(self.batch / 8)
            size = 16 * round(size * math.sqrt(self.batch / count) / 16)
        picks = rng.choice(len(self.canvases), count, p=self.weights)
        crops = [self._crop(self.canvases[p], rng, size) for p in picks]
        images = torch.stack([c[0] for c in crops])[:, None]
        labels = torch.stack([c[1] for c in crops])
        return (images, labels) if across == 1 else join(images, labels, across)

    def _crop(self, canvas: Canvas, rng: np.random.Generator, size: int
              ) -> tuple[torch.Tensor, torch.Tensor]:
        """A crop of a canvas, or now and then a frame without nuclei."""
        if rng.random() < self.empty:
            return (empty_frame(rng, size, self.spec),
                    torch.zeros(size, size, dtype=torch.int64))
        gentle = self.gentle > 0 and rng.random() < self.gentle
        x, y = sample(canvas, rng, size, gentle, self.without)
        if gentle:
            return hardly(x, rng, self.spec, self.without), y
        inversion = INVERSION.get(canvas.entry.kind, 0.04)
        return photometric(x, rng, self.spec, inversion, self.without), y
