# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a raw frame becomes the network's input: a numpy twin of what the engine
does (docs/model-format.md, section `input`)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


# Mean above which a frame is taken to show dark nuclei. Of the training images
# the fluorescent ones have at most 0.26, the others at least 0.50; equalised
# frames have a mean near one half whatever they show.
DARK_MEAN = {"equalize": 0.5}


@dataclass(frozen=True)
class InputSpec:
    """The model file's `input` object."""

    method: str = "percentile"
    low: float = 1.0
    high: float = 99.8
    clip: tuple[float, float] = (-0.25, 1.5)
    min_range: float = 0.01
    smoothing: float = 0.0
    polarity: str = "bright"
    pixel_size_um: float = 0.0

    def to_json(self) -> dict:
        """The object as it stands in the model file."""
        return {"color": "grey",
                "normalization": {"method": self.method, "low": self.low,
                                  "high": self.high, "clip": list(self.clip),
                                  "min_range": self.min_range},
                "smoothing": self.smoothing, "polarity": self.polarity,
                "pixel_size_um": self.pixel_size_um}


# What a new network can be trained for. Percentiles alone leave pixels outside
# 0..1, and of an equalised frame the mean does not tell the polarity.
SPECS = {s.method: s for s in (
    InputSpec(), InputSpec("minmax", clip=(0.0, 1.0)),
    InputSpec("equalize", clip=(0.0, 1.0), polarity="both"))}


def to_grey(frame: np.ndarray) -> np.ndarray:
    """(H, W) integers stay; (H, W, 3) RGB becomes BT.601 luma."""
    if frame.ndim == 2:
        return frame
    r, g, b = (frame[..., i].astype(np.uint32) for i in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16).astype(frame.dtype)


def limits(grey: np.ndarray, bits: int, spec: InputSpec) -> tuple[int, float]:
    """The grey values that become 0 and 1, from the whole frame's histogram."""
    top = 2 ** bits - 1
    if spec.method == "none":
        return 0, float(top)
    if spec.method == "minmax":
        lo, hi = int(grey.min()), int(grey.max())
    else:
        cum = np.cumsum(np.bincount(grey.ravel(), minlength=top + 1))
        rank = [max(1, math.ceil(p / 100 * grey.size))
                for p in (spec.low, spec.high)]
        lo, hi = (int(np.searchsorted(cum, r)) for r in rank)
    least = max(1.0, spec.min_range * top)
    return lo, (lo + least if hi - lo < least else float(hi))


def normalise(grey: np.ndarray, bits: int, spec: InputSpec) -> np.ndarray:
    """Steps 2 and 3: grey integers to clipped f32."""
    if spec.method == "equalize":
        cum = np.cumsum(np.bincount(grey.ravel(), minlength=2 ** bits))
        first = int(cum[int(grey.min())])
        rest = grey.size - first
        x = (cum[grey] - first) / rest if rest else np.zeros(grey.shape)
        return x.astype(np.float32)
    lo, hi = limits(grey, bits, spec)
    x = (grey.astype(np.float64) - lo) / (hi - lo)
    return np.clip(x, *spec.clip).astype(np.float32)


def apply_polarity(x: np.ndarray, spec: InputSpec, user: str = "auto"
                   ) -> np.ndarray:
    """Step 4: x, or 1 - x where the frame's polarity is not the model's."""
    if spec.polarity == "both":
        return x
    if user == "auto":
        shows_dark = float(x.mean(dtype=np.float64)) > DARK_MEAN.get(
            spec.method, 0.4)
        user = "dark" if shows_dark else "bright"
    return x if user == spec.polarity else (np.float32(1.0) - x)


def _reflect(i: np.ndarray, n: int) -> np.ndarray:
    """Indices into 0..n-1, mirrored at both ends without repeating them."""
    if n == 1:
        return np.zeros_like(i)
    i = np.abs(i) % (2 * n - 2)
    return np.where(i >= n, 2 * n - 2 - i, i)


def _taps(centre: float, scale: float, sigma: float
          ) -> tuple[int, np.ndarray]:
    """First source index and normalised weights of one output sample."""
    half = max(1.0, 1.0 / scale)
    first = math.floor(centre - half) + 1
    last = math.ceil(centre + half) - 1
    at = np.arange(first, last + 1)
    w = 1.0 - np.abs(at - centre) / half
    w = w / w.sum()
    if sigma > 0:
        s = sigma / scale
        r = math.ceil(3 * s)
        g = np.exp(-0.5 * (np.arange(-r, r + 1) / s) ** 2)
        w = np.convolve(w, g / g.sum())
        first -= r
    return first, w


def scaled_size(n: int, scale: float) -> int:
    """Samples of a line of n samples at a scale (halves round up)."""
    return max(1, math.floor(n * scale + 0.5))


def _line_matrix(n: int, scale: float, sigma: float, multiple: int
                 ) -> np.ndarray:
    """Scaling, smoothing and padding of a line as a matrix (padded, n)."""
    m = scaled_size(n, scale)
    a = np.zeros((m, n))
    for i in range(m):
        first, w = _taps((i + 0.5) / scale - 0.5, scale, sigma)
        np.add.at(a[i], _reflect(np.arange(first, first + len(w)), n), w)
    padded = -(-m // multiple) * multiple
    return a[_reflect(np.arange(padded), m)]


def prepare(frame: np.ndarray, bits: int, spec: InputSpec, scale: float = 1.0,
            multiple: int = 1, polarity: str = "auto") -> np.ndarray:
    """A raw frame, (H, W) or (H, W, 3) integers of `bits` bits, as the
    network's input: f32, height and width padded to `multiple`."""
    x = normalise(to_grey(frame), bits, spec)
    x = apply_polarity(x, spec, polarity)
    if scale == 1 and spec.smoothing == 0:
        h, w = x.shape
        rows, cols = (_reflect(np.arange(-(-n // multiple) * multiple), n)
                      for n in (h, w))
        return x[np.ix_(rows, cols)]
    down = _line_matrix(x.shape[0], scale, spec.smoothing, multiple)
    across = _line_matrix(x.shape[1], scale, spec.smoothing, multiple)
    return (down @ x.astype(np.float64) @ across.T).astype(np.float32)
