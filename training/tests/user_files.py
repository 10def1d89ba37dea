# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small files as users have them, in a temporary folder."""

import contextlib
import io
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

import numpy as np
import roifile
import tifffile
from PIL import Image

from nucseg_training import user_data


def squares(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Labels (20, 24) of rectangles y0, x0, y1, x1."""
    labels = np.zeros((20, 24), np.int32)
    for i, (y0, x0, y1, x1) in enumerate(boxes):
        labels[y0:y1, x0:x1] = i + 1
    return labels


LABELS = squares((2, 3, 7, 9), (10, 12, 16, 20))
GREY = np.where(LABELS > 0, 200, 20).astype(np.uint8)


def rectangle(left: float, top: float, right: float, bottom: float, kind: int,
              name: str = "") -> roifile.ImagejRoi:
    roi = roifile.ImagejRoi()
    roi.roitype, roi.name = roifile.ROI_TYPE(kind), name
    roi.left, roi.top, roi.right, roi.bottom = left, top, right, bottom
    return roi


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.images = self.root / "images"
        self.labels = self.root / "labels"
        self.images.mkdir()
        self.labels.mkdir()

    def image(self, name: str = "a.png", pixels: np.ndarray = GREY) -> Path:
        path = self.images / name
        Image.fromarray(pixels).save(path)
        return path

    def label(self, name: str = "a.png", pixels: np.ndarray = LABELS) -> Path:
        path = self.labels / name
        if path.suffix == ".png":
            Image.fromarray(pixels.astype(np.uint16)).save(path)
        else:
            tifffile.imwrite(path, pixels)
        return path

    def read(self, labels: Path | None = None
             ) -> tuple[np.ndarray, int, np.ndarray]:
        """What the only pair has."""
        (pair,) = user_data.find_pairs(self.images, labels)
        return user_data.read_pair(pair)

    def told(self, call: Callable, *arguments: object) -> str:
        """What is printed to stderr."""
        with contextlib.redirect_stderr(io.StringIO()) as text:
            call(*arguments)
        return text.getvalue()

    def refused(self, *texts: str, labels: Path | None = None) -> None:
        """The error of the only pair, which names all of the texts."""
        with self.assertRaises(ValueError) as caught:
            self.read(labels or self.labels)
        for text in texts:
            self.assertIn(text, str(caught.exception))
