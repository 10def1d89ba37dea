# SPDX-License-Identifier: LGPL-2.1-or-later
"""From maps to labels: a numpy twin of the engine's decoders
(docs/model-format.md, section `output`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .data import split_pieces

MAX_OBJECTS = 65535
EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True)
class OutputSpec:
    """The model file's `output` object."""

    maps: tuple[str, ...] = ("foreground", "offset_y", "offset_x")
    method: str = "votes"
    threshold: float = 0.6
    offset_scale: float = 16.0
    min_votes: int = 3
    vote_reach: int = 0
    radius: int = 16
    min_area: int = 30

    def to_json(self) -> dict:
        """The object as it stands in the model file."""
        decoder: dict = {"method": self.method, "threshold": self.threshold}
        if self.method == "votes":
            decoder |= {"offset_scale": self.offset_scale,
                        "min_votes": self.min_votes, "radius": self.radius}
            if self.vote_reach:
                decoder["vote_reach"] = self.vote_reach
        decoder["min_area"] = self.min_area
        return {"maps": list(self.maps), "decoder": decoder}


def raster_order(labels: np.ndarray, keep: np.ndarray | None = None
                 ) -> np.ndarray:
    """Renumbers 1.. by each label's first pixel; labels for which keep[label]
    is false become background."""
    values, first = np.unique(labels, return_index=True)
    ok = values > 0
    if keep is not None:
        ok &= keep[values]
    values, first = values[ok], first[ok]
    order = values[np.argsort(first)]
    table = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    table[order] = np.arange(1, len(order) + 1)
    return table[labels]


def _nearest_centre(centres: np.ndarray, ty: np.ndarray, tx: np.ndarray,
                    radius: int) -> np.ndarray:
    """Number of the centre nearest to each target, 0 beyond the radius; of
    equally near ones the smallest."""
    h, w = centres.shape
    found = centres[ty, tx].copy()
    todo = np.flatnonzero(found == 0)
    d = np.arange(-radius, radius + 1)
    square = d[:, None] ** 2 + d[None, :] ** 2
    for ring in np.unique(square[(square > 0) & (square <= radius ** 2)]):
        if not len(todo):
            break
        best = np.full(len(todo), np.iinfo(np.int32).max)
        for dy, dx in zip(*np.nonzero(square == ring)):
            y, x = ty[todo] + d[dy], tx[todo] + d[dx]
            inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
            c = centres[y.clip(0, h - 1), x.clip(0, w - 1)]
            c = np.where(inside & (c > 0), c, np.iinfo(np.int32).max)
            best = np.minimum(best, c)
        hit = best < np.iinfo(np.int32).max
        found[todo[hit]] = best[hit]
        todo = todo[~hit]
    return found


def largest_pieces(labels: np.ndarray) -> np.ndarray:
    """Step 5: of each label its largest 4-connected piece; of equal ones the
    first in raster order."""
    pieces = raster_order(split_pieces(labels))
    area = np.bincount(pieces.ravel())
    owner = np.zeros(len(area), np.int32)
    owner[pieces] = labels
    best: dict[int, int] = {}
    for piece in range(1, len(area)):
        o = int(owner[piece])
        if o not in best or area[piece] > area[best[o]]:
            best[o] = piece
    keep = np.zeros(len(area), bool)
    keep[list(best.values())] = True
    return np.where(keep[pieces], labels, 0)


def fill_holes(labels: np.ndarray) -> np.ndarray:
    """Step 6: enclosed background between pixels of one label takes it."""
    regions, n = ndimage.label(labels == 0)
    least = np.full(n + 1, np.iinfo(np.int32).max)
    most = np.zeros(n + 1, np.int32)
    h, w = labels.shape
    for a, b in (((slice(0, h - 1), slice(None)), (slice(1, h), slice(None))),
                 ((slice(None), slice(0, w - 1)), (slice(None), slice(1, w)))):
        for hole, other in ((a, b), (b, a)):
            r, v = regions[hole], labels[other]
            edge = (r > 0) & (v > 0)
            np.minimum.at(least, r[edge], v[edge])
            np.maximum.at(most, r[edge], v[edge])
    fill = np.where(least == most, most, 0)
    for line in (regions[0], regions[-1], regions[:, 0], regions[:, -1]):
        fill[line] = 0
    fill[0] = 0
    return np.where(labels == 0, fill[regions], labels).astype(np.int32)


def to_frame(labels: np.ndarray, height: int, width: int, scale: float
             ) -> np.ndarray:
    """Step 7: of the four network pixels about each frame pixel's centre the
    label with the largest weight."""
    def line(n: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        p = np.clip((np.arange(n) + 0.5) * scale - 0.5, 0, m - 1)
        q = np.floor(256 * p + 0.5).astype(int)
        return q >> 8, np.minimum((q >> 8) + 1, m - 1), q & 255

    y0, y1, wy = line(height, labels.shape[0])
    x0, x1, wx = line(width, labels.shape[1])
    four = np.stack([labels[np.ix_(y, x)] for y in (y0, y1) for x in (x0, x1)])
    weights = np.stack([np.outer(u, v) for u in (256 - wy, wy)
                        for v in (256 - wx, wx)])
    sums = np.stack([(weights * (four == four[k])).sum(0) for k in range(4)])
    top = sums.max(0)
    chosen = np.where(sums == top, four, np.iinfo(np.int32).max)
    return chosen.min(0).astype(np.int32)


def decode(maps: np.ndarray, spec: OutputSpec, size: tuple[int, int] | None
           = None, scale: float = 1.0) -> np.ndarray:
    """Labels of maps (C, H, W) f32, without the padding. `size` is the
    frame's, where the scale is not 1."""
    maps = maps.astype(np.float32, copy=False)
    t = spec.threshold
    limit = np.float32(np.log(t / (1 - t)))
    logit = maps[spec.maps.index("foreground")]
    fg = logit > limit
    if spec.method == "components":
        labels, _ = ndimage.label(fg)
        labels = raster_order(labels.astype(np.int32))
    else:
        labels = _votes(maps, fg, spec)
    labels = fill_holes(largest_pieces(labels))
    if scale != 1:
        if size is None:
            raise ValueError("a scale other than 1 needs the frame's size")
        labels = to_frame(labels, *size, scale)
    area = np.bincount(labels.ravel())
    labels = raster_order(labels, area >= spec.min_area / (scale * scale))
    return np.where(labels <= MAX_OBJECTS, labels, 0)


def _votes(maps: np.ndarray, fg: np.ndarray, spec: OutputSpec) -> np.ndarray:
    """Steps 2 to 4."""
    h, w = fg.shape
    y, x = np.nonzero(fg)
    scale = np.float32(spec.offset_scale)
    reach = np.rint(np.float32(4) * scale)

    def target(name: str, at: np.ndarray, n: int) -> np.ndarray:
        off = maps[spec.maps.index(name)][y, x]
        off = np.rint(np.where(np.isnan(off), np.float32(0), off) * scale)
        return np.clip(at + np.clip(off, -reach, reach).astype(int), 0, n - 1)

    ty, tx = target("offset_y", y, h), target("offset_x", x, w)
    cells = ty * w + tx
    if spec.vote_reach:
        near = (ty - y) ** 2 + (tx - x) ** 2 <= spec.vote_reach ** 2
        cells = cells[near]
    votes = np.bincount(cells, minlength=h * w).reshape(h, w)
    padded = np.pad(votes, 1)
    sums = sum(padded[i:i + h, j:j + w] for i in range(3) for j in range(3))
    dense, _ = ndimage.label(sums >= spec.min_votes, structure=EIGHT)
    centres = raster_order(dense.astype(np.int32))
    labels = np.zeros((h, w), np.int32)
    labels[y, x] = _nearest_centre(centres, ty, tx, spec.radius)
    return labels
