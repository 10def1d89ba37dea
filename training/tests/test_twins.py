# SPDX-License-Identifier: LGPL-2.1-or-later
"""The numpy twins of the engine's input and output arithmetic."""

import math
import unittest

import numpy as np

from nucseg_training.data import grey_of, split_pieces
from nucseg_training.decode import (OutputSpec, decode, fill_holes,
                                    largest_pieces, raster_order, to_frame)
from nucseg_training.prepare import InputSpec, limits, prepare, to_grey


class Prepare(unittest.TestCase):
    def test_percentiles_are_nearest_rank(self) -> None:
        rng = np.random.default_rng(1)
        grey = rng.integers(0, 4096, (41, 37)).astype(np.uint16)
        flat = np.sort(grey.ravel())
        for low, high in ((1.0, 99.8), (0.0, 100.0), (25.0, 50.0)):
            lo, hi = limits(grey, 12, InputSpec(low=low, high=high))
            for got, p in ((lo, low), (hi, high)):
                rank = max(1, math.ceil(p / 100 * flat.size))
                self.assertEqual(got, flat[rank - 1])

    def test_luma(self) -> None:
        white = np.full((2, 2, 3), 255, np.uint8)
        self.assertTrue((to_grey(white) == 255).all())
        green = np.zeros((1, 1, 3), np.uint8)
        green[..., 1] = 255
        self.assertEqual(to_grey(green)[0, 0], round(0.587 * 255))

    def test_bits(self) -> None:
        for most, dtype, bits in ((255, np.uint8, 8), (255, np.uint16, 12),
                                  (4095, np.uint16, 12), (4096, np.uint16, 16)):
            frame = np.zeros((16, 16), dtype)
            frame[3, 4] = most
            self.assertEqual(grey_of(frame)[1], bits)

    def test_narrow_range(self) -> None:
        grey = np.array([[7, 8], [7, 8]], np.uint8)
        x = prepare(grey, 8, InputSpec(), polarity="bright")
        np.testing.assert_allclose(np.unique(x), [0, 1 / 2.55], rtol=1e-6)

    def test_scaling_keeps_flat_frames_and_ramps(self) -> None:
        spec = InputSpec(method="none", polarity="both")
        flat = np.full((30, 40), 51, np.uint8)
        ramp = np.tile(np.arange(40, dtype=np.uint8) * 5, (30, 1))
        for scale in (0.3, 0.5, 0.8, 1.7, 2.0):
            np.testing.assert_allclose(prepare(flat, 8, spec, scale), 0.2,
                                       rtol=1e-6)
            x = prepare(ramp, 8, spec, scale)[5] * 255 / 5
            c = (np.arange(len(x)) + 0.5) / scale - 0.5
            inner = slice(int(4 * scale) + 1, -int(4 * scale) - 1)
            # A triangle sampled off its centre is not quite symmetric.
            np.testing.assert_allclose(x[inner], c[inner], atol=0.25)

    def test_padding_mirrors(self) -> None:
        grey = np.arange(6, dtype=np.uint8)[None].repeat(6, 0) * 20
        x = prepare(grey, 8, InputSpec(), multiple=16)
        self.assertEqual(x.shape, (16, 16))
        at = [0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5]
        np.testing.assert_array_equal(x[0], x[0][:6][at])

    def test_bright_frames_are_inverted(self) -> None:
        rng = np.random.default_rng(2)
        grey = rng.integers(0, 60, (20, 20)).astype(np.uint8)
        grey[5:8, 5:8] = 250
        a = prepare(grey, 8, InputSpec(method="minmax"))
        b = prepare(255 - grey, 8, InputSpec(method="minmax"))
        np.testing.assert_allclose(a, b, atol=1e-6)


def maps_of(labels: np.ndarray) -> np.ndarray:
    """What a perfect network would give."""
    y, x = np.mgrid[:labels.shape[0], :labels.shape[1]].astype(np.float32)
    maps = np.zeros((3, *labels.shape), np.float32)
    maps[0] = np.where(labels > 0, 5, -5)
    for k in range(1, labels.max() + 1):
        m = labels == k
        maps[1][m], maps[2][m] = y[m].mean() - y[m], x[m].mean() - x[m]
    maps[1:] /= 16
    return maps


class Decode(unittest.TestCase):
    def setUp(self) -> None:
        y, x = np.mgrid[:60, :80]
        labels = np.zeros((60, 80), int)
        for k, (cy, cx) in enumerate(((12, 14), (14, 30), (30, 22), (0, 60),
                                      (50, 79), (40, 60)), 1):
            labels[((y - cy) ** 2 + (x - cx) ** 2 < 81) & (labels == 0)] = k
        self.labels = raster_order(labels)

    def test_touching_nuclei_come_apart(self) -> None:
        found = decode(maps_of(self.labels), OutputSpec())
        np.testing.assert_array_equal(found, self.labels)
        joined = decode(maps_of(self.labels), OutputSpec(method="components"))
        self.assertLess(joined.max(), self.labels.max())

    def test_holes_and_specks(self) -> None:
        maps = maps_of(self.labels)
        maps[0, 40, 60] = maps[0, 41, 60] = -5
        maps[0, 55, 5:9] = 5
        found = decode(maps, OutputSpec())
        np.testing.assert_array_equal(found, self.labels)

    def test_frames_of_another_size(self) -> None:
        for scale in (0.5, 2.0):
            size = tuple(int(n / scale) for n in self.labels.shape)
            found = decode(maps_of(self.labels), OutputSpec(), size, scale)
            self.assertEqual(found.shape, size)
            self.assertEqual(found.max(), self.labels.max())
        np.testing.assert_array_equal(
            to_frame(self.labels, *self.labels.shape, 1.0), self.labels)

    def test_least_area(self) -> None:
        area = np.bincount(self.labels.ravel())[1:]
        least = int(area.min()) + 1
        found = decode(maps_of(self.labels), OutputSpec(min_area=least))
        self.assertEqual(found.max(), int((area >= least).sum()))
        self.assertLess(found.max(), len(area))

    def test_pieces_and_holes(self) -> None:
        a = np.array([[1, 1, 0, 1, 0, 2, 2, 2],
                      [1, 1, 0, 1, 0, 2, 0, 2],
                      [0, 0, 0, 1, 0, 2, 2, 2],
                      [3, 0, 3, 0, 0, 0, 0, 0]])
        np.testing.assert_array_equal(
            largest_pieces(a)[:, :4],
            [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 0]])
        self.assertEqual(fill_holes(a)[1, 6], 2)
        self.assertEqual(fill_holes(a)[1, 2], 0)
        self.assertEqual(len(np.unique(split_pieces(a))), 6)


if __name__ == "__main__":
    unittest.main()
