# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the data set: images/, labels/, split.csv. (No PyTorch here: scores of
finished label images need none.)"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import sparse
from scipy.sparse import csgraph

from . import prepare


@dataclass(frozen=True)
class Entry:
    """One line of split.csv."""

    id: str
    kind: str
    split: str


def read_split(root: Path, split: str) -> list[Entry]:
    """The images of one split, in the file's order."""
    path = root / "split.csv"
    if not path.is_file():
        raise ValueError(
            f"{root}: no {'split.csv' if root.is_dir() else 'such folder'}; a "
            "folder with images/, labels/ and split.csv is expected "
            "(import-dsb2018 makes one; own images go through train --images)")
    with open(path, newline="", encoding="utf-8") as f:
        lines = csv.DictReader(f)
        missing = {"id", "kind", "split"} - set(lines.fieldnames or ())
        if missing:
            raise ValueError(f"{path}: no column {', '.join(sorted(missing))} in "
                             "its first line; id,kind,split are expected")
        entries = [Entry(r["id"], r["kind"], r["split"]) for r in lines]
    rows = [e for e in entries if e.split == split]
    if not rows:
        names = ", ".join(sorted({str(e.split) for e in entries})) or "none"
        raise ValueError(f"{path}: no image of split {split!r}, only of {names}")
    return rows


def read_frame(path: Path) -> np.ndarray:
    """A PNG or TIFF, grey (H, W) or RGB (H, W, 3)."""
    with Image.open(path) as im:
        if im.mode in ("P", "RGBA", "CMYK"):
            im = im.convert("RGB")
        elif im.mode in ("LA", "1"):
            im = im.convert("L")
        return np.asarray(im)


def bits_of(frame: np.ndarray) -> int:
    """Bits of a frame of uint8 or uint16. Twin: tool_image_depth() of
    tools/image.c; files don't say that a grey camera has 12."""
    if frame.dtype == np.uint8:
        return 8
    return 12 if frame.ndim == 2 and frame.max(initial=0) < 1 << 12 else 16


def grey_of(frame: np.ndarray) -> tuple[np.ndarray, int]:
    """Grey integers and their bits (8, 12 or 16) of a frame."""
    if frame.dtype != np.uint8:
        frame = frame.astype(np.uint16)
    return prepare.to_grey(frame), bits_of(frame)


def read_image(path: Path) -> tuple[np.ndarray, int]:
    """Grey integers and their bits (8, 12 or 16) of a PNG or TIFF."""
    return grey_of(read_frame(path))


def has_colours(frame: np.ndarray) -> bool:
    """Whether it is RGB and more than grey."""
    return frame.ndim == 3 and bool((frame != frame[..., :1]).any())


def through_jpeg(grey: np.ndarray, quality: int) -> np.ndarray:
    """What JPEG leaves of 8-bit grey values (H, W)."""
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def read_labels(path: Path) -> np.ndarray:
    """A 16-bit label PNG as int32, 0 = background."""
    with Image.open(path) as im:
        return np.asarray(im).astype(np.int32)


def split_pieces(labels: np.ndarray) -> np.ndarray:
    """Every 4-connected piece of a label becomes a label of its own."""
    h, w = labels.shape
    index = np.arange(h * w).reshape(h, w)
    right = (labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] > 0)
    down = (labels[1:] == labels[:-1]) & (labels[1:] > 0)
    a = np.concatenate([index[:, :-1][right], index[:-1][down]])
    b = np.concatenate([index[:, 1:][right], index[1:][down]])
    graph = sparse.coo_matrix((np.ones(len(a), np.int8), (a, b)),
                              shape=(h * w, h * w))
    _, piece = csgraph.connected_components(graph, directed=False)
    out = np.zeros(h * w, np.int32)
    inside = labels.ravel() > 0
    _, out[inside] = np.unique(piece[inside], return_inverse=True)
    out[inside] += 1
    return out.reshape(h, w)
