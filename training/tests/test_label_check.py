# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be labels, and what is a photograph or a mask of classes."""

import os
import unittest
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from nucseg_training import data
from nucseg_training.label_check import check_labels

PATH = Path("a.png")
SHARED = Path(os.environ.get(
    "NUCSEG_TEST_DATA",
    Path(__file__).resolve().parents[3] / "shared" / "data"))


def cells(side: int, gap: int) -> np.ndarray:
    """Labels (240, 240) of squares `side` apart, with `gap` pixels between."""
    y, x = np.mgrid[:240, :240]
    labels = y // side * (240 // side) + x // side + 1
    return labels * ((y % side >= gap) & (x % side >= gap))


class Check(unittest.TestCase):
    def setUp(self) -> None:
        self.random = np.random.default_rng(5)

    def photograph(self, noise: float, most: float) -> np.ndarray:
        """Blurred nuclei over a dim ground, as grey values."""
        grey = ndimage.gaussian_filter((cells(24, 8) > 0) * 0.8, 2) + 0.1
        grey += self.random.normal(0, noise, grey.shape)
        return (grey.clip(0, 1) * most).astype(np.int32)

    def refused(self, grey: np.ndarray, text: str) -> None:
        with self.assertRaisesRegex(
                ValueError, r"^a\.png: does not look like a label image \(its "
                rf"[\d,]+ values lie in [\d,]+ pieces\); {text}"):
            check_labels(grey.astype(np.int32), PATH)

    def test_photographs(self) -> None:
        swapped = r"are --images and --labels swapped\?$"
        for noise, most in ((0.02, 255), (0.02, 119), (0.004, 255),
                            (0.02, 4095), (0.02, 65535)):
            grey = self.photograph(noise, most)
            self.refused(grey, swapped)
            self.refused(np.maximum(grey - grey.max() // 8, 0), swapped)
            if most == 255:
                self.refused(data.through_jpeg(grey.astype(np.uint8), 30),
                             swapped)
        # Hardly a value twice, so that values have few pieces.
        self.refused(self.photograph(0.02, 10 ** 6), swapped)

    def test_counts(self) -> None:
        dots = np.arange(400).reshape(20, 20) % 19 + 1
        with self.assertRaises(ValueError) as caught:
            check_labels(dots.astype(np.int32).repeat(3, 0), PATH)
        self.assertEqual(
            str(caught.exception),
            "a.png: does not look like a label image (its 19 values lie in "
            "400 pieces); are --images and --labels swapped?")

    def test_classes(self) -> None:
        labels = cells(24, 8)
        self.refused(np.where(labels > 0, 1 + labels % 2, 0),
                     "one number for each nucleus is expected$")

    def test_labels(self) -> None:
        for labels in (cells(24, 8), cells(24, 0),  # without background
                       cells(6, 2), cells(24, 8) * 0, cells(240, 0)):
            check_labels(labels.astype(np.int32), PATH)

    def test_masks_of_one_value_are_not_judged(self) -> None:
        check_labels((cells(24, 8) > 0) * np.int32(255), PATH)
        noise = self.random.random((240, 240)) < 0.3
        check_labels(noise * np.int32(255), PATH)

    def test_split_nuclei_and_stray_pixels(self) -> None:
        labels = cells(24, 8).astype(np.int32)
        # Each is cut in two halves.
        labels[16::24] = 0
        check_labels(labels, PATH)
        # Specks of two nuclei that were drawn by hand.
        labels = cells(24, 8).astype(np.int32)
        labels[labels > 2] = 0
        specks = self.random.integers(100, 240, (2, 40))
        labels[tuple(specks)] = 1 + np.arange(40) % 2
        check_labels(labels, PATH)

    def test_marks_of_one_pixel(self) -> None:
        labels = cells(24, 8).astype(np.int32)
        labels[(np.indices(labels.shape) % 24 != 12).any(0)] = 0
        check_labels(labels, PATH)

    @unittest.skipUnless(SHARED.is_dir(), f"{SHARED} (or NUCSEG_TEST_DATA) is "
                         "not there: real images are needed")
    def test_real_ones(self) -> None:
        for folder in ("dsb2018", "bbbc039"):
            names = sorted((SHARED / folder / "labels").glob("*.png"))[::12]
            for path in names:
                check_labels(data.read_labels(path), path)
                grey, _ = data.read_image(SHARED / folder / "images"
                                          / path.name)
                with self.assertRaises(ValueError, msg=path.name):
                    check_labels(grey.astype(np.int32), path)


if __name__ == "__main__":
    unittest.main()
