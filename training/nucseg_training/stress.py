# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a data set's own images do not show: empty frames, nuclei of other
sizes, and the same images inside larger frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from . import data, metrics
from .runner import Predict

Pair = tuple[np.ndarray, np.ndarray]


def load(root: Path, split: str, kind: str) -> list[Pair]:
    """8-bit grey frames and labels of one kind. Deeper frames are stretched to 8
    bits, as cameras seldom use the range of their files."""
    pairs = []
    entries = data.read_split(root, split)
    for e in entries:
        if e.kind == kind:
            grey, bits = data.read_image(root / "images" / f"{e.id}.png")
            labels = data.read_labels(root / "labels" / f"{e.id}.png")
            if grey.shape != labels.shape:
                raise ValueError(f"{e.id}: image {grey.shape} but labels "
                                 f"{labels.shape}")
            pairs.append((grey if bits == 8 else stretched(grey), labels))
    if not pairs:
        kinds = ", ".join(sorted({e.kind for e in entries}))
        raise ValueError(f"{root / 'split.csv'}: split {split!r} has images of "
                         f"kind {kinds}; {kind} is expected")
    return pairs


def empty_frames(count: int, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """12-bit 512x512 frames without nuclei: shot and read noise over a dark,
    an uneven and a softly structured ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:512, :512] / 512
    grounds = {
        "dark": np.full((512, 512), 40.0),
        "uneven": 100 + 300 * np.exp(-((y - 0.4) ** 2 + (x - 0.6) ** 2) / 0.3),
        "structured": 200 + 60 * _unit(ndimage.gaussian_filter(
            rng.standard_normal((512, 512)), 60))}
    for name, ground in grounds.items():
        for _ in range(count):
            frame = rng.poisson(ground) + rng.normal(0, 4, ground.shape) + 100
            yield name, np.rint(np.clip(frame, 0, 4095)).astype(np.uint16)


def _unit(a: np.ndarray) -> np.ndarray:
    return (a - a.mean()) / a.std()


def resized(pairs: list[Pair], factor: float) -> Iterator[Pair]:
    """Every frame by bicubic, its labels by nearest."""
    for grey, labels in pairs:
        size = tuple(max(16, round(n * factor)) for n in grey.shape[::-1])
        yield (np.asarray(Image.fromarray(grey).resize(
            size, Image.Resampling.BICUBIC)),
            np.asarray(Image.fromarray(labels).resize(
                size, Image.Resampling.NEAREST)))


def deep(pairs: list[Pair]) -> Iterator[Pair]:
    """The same frames in the 16 bits of a camera."""
    for grey, labels in pairs:
        yield grey.astype(np.uint16) * 257, labels


def dim(pairs: list[Pair], seed: int) -> Iterator[Pair]:
    """12-bit frames that use a thirtieth of the camera's range, with shot
    noise of four electrons a grey value and read noise of two grey values."""
    rng = np.random.default_rng(seed)
    for grey, labels in pairs:
        light = rng.poisson(stretched(grey) * (137 / 230.0) * 4) / 4
        frame = light + rng.normal(0, 2, grey.shape) + 100
        yield np.rint(np.clip(frame, 0, 4095)).astype(np.uint16), labels


def compressed(pairs: list[Pair], quality: int) -> Iterator[Pair]:
    """What a camera or a recorder that writes JPEG leaves."""
    for grey, labels in pairs:
        yield data.through_jpeg(grey, quality), labels


def touching_share(labels: np.ndarray) -> float:
    """Of the nuclei, those with a pixel beside another one's, 8 neighbours."""
    inside = labels > 0
    highest = ndimage.maximum_filter(labels, 3)
    lowest = ndimage.minimum_filter(
        np.where(inside, labels, np.iinfo(labels.dtype).max), 3)
    touching = labels[inside & ((highest != labels) | (lowest != labels))]
    return len(np.unique(touching)) / max(1, len(np.unique(labels[inside])))


def dense(pairs: list[Pair], least: float) -> Iterator[Pair]:
    """The frames in which so many nuclei touch others."""
    return (p for p in pairs if touching_share(p[1]) >= least)


def mosaics(pairs: list[Pair], side: int) -> Iterator[list[tuple[int, int]]]:
    """Lists of (pair number, place) that fill frames of `side` squared with
    256x256 images; those that do not fill a frame are left out, and where
    there are too few for one, they come again."""
    small = [i for i, p in enumerate(pairs) if p[0].shape == (256, 256)]
    n = (side // 256) ** 2
    for at in range(max(1, len(small) // n) if small else 0):
        yield [(small[(at * n + k) % len(small)], k) for k in range(n)]


def _cut(labels: np.ndarray, least_area: int) -> np.ndarray:
    """Without the slivers that cutting left, which a frame of its own would
    not have."""
    return np.where(np.bincount(labels.ravel())[labels] >= least_area, labels,
                    0)


def score_mosaics(pairs: list[Pair], predict: Predict, side: int,
                  least_area: int) -> tuple[metrics.Score, metrics.Score]:
    """Scores of the same 256x256 images alone and inside mosaics. A mosaic is
    cut apart before it is scored, and what is then smaller than the decoder's
    least area is left out; each image was stretched to the full grey range
    before, so that both see the same contrast."""
    alone, inside = metrics.Score(), metrics.Score()
    known: dict[int, np.ndarray] = {}
    per_row = side // 256
    for tiles in mosaics(pairs, side):
        frame = np.zeros((side, side), np.uint8)
        for i, place in tiles:
            y, x = 256 * (place // per_row), 256 * (place % per_row)
            frame[y:y + 256, x:x + 256] = stretched(pairs[i][0])
        found = predict(frame, 8)
        for i, place in tiles:
            y, x = 256 * (place // per_row), 256 * (place % per_row)
            inside.add(pairs[i][1], _cut(found[y:y + 256, x:x + 256],
                                         least_area))
            if i not in known:
                known[i] = predict(stretched(pairs[i][0]), 8)
            alone.add(pairs[i][1], known[i])
    return alone, inside


def stretched(grey: np.ndarray) -> np.ndarray:
    """Percentiles 1 and 99.8 to 25 and 230."""
    lo, hi = np.percentile(grey, (1, 99.8))
    return np.clip((grey - lo) / max(1, hi - lo) * 205 + 25, 0, 255
                   ).astype(np.uint8)
