# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stress cases themselves, with a segmenter that cannot err."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

try:
    import torch  # noqa: F401
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import stress


class Stress(unittest.TestCase):
    def setUp(self) -> None:
        self.pairs = []
        for i in range(9):
            labels = np.zeros((256, 256), np.int32)
            labels[20 + i:60, 30:70], labels[100:140, 90 + i:150] = 1, 2
            grey = np.where(labels > 0, 100 + 5 * i, 10).astype(np.uint8)
            self.pairs.append((grey, labels))

    @staticmethod
    def predict(grey: np.ndarray, _bits: int) -> np.ndarray:
        return ndimage.label(grey > 60)[0]

    def test_mosaics_score_what_the_images_score(self) -> None:
        alone, inside = stress.score_mosaics(self.pairs, self.predict, 512,
                                             30)
        self.assertEqual((alone.images, alone.truth), (8, 16))
        self.assertEqual(alone.figures()["ap0.95"], 1.0)
        self.assertEqual(inside.figures(), alone.figures())

    def test_slivers_of_cut_mosaics_do_not_count(self) -> None:
        # One nucleus reaches two pixels beyond its own image.
        def predict(grey: np.ndarray, bits: int) -> np.ndarray:
            found = self.predict(grey, bits)
            if grey.shape != (256, 256):
                found[30:40, 250:258] = found.max() + 1
            return found

        _, inside = stress.score_mosaics(self.pairs, predict, 512, 30)
        _, slivers = stress.score_mosaics(self.pairs, predict, 512, 1)
        self.assertEqual(slivers.found, inside.found + 2)

    def test_dense_frames_are_those_whose_nuclei_touch(self) -> None:
        labels = np.zeros((20, 20), np.int32)
        labels[2:5, 2:5], labels[5:8, 5:8], labels[12:15, 2:5] = 1, 2, 3
        self.assertAlmostEqual(stress.touching_share(labels), 2 / 3)
        labels[5:8, 5:8], labels[5:8, 1:2] = 0, 2  # the other diagonal
        self.assertAlmostEqual(stress.touching_share(labels), 2 / 3)
        self.assertEqual(stress.touching_share(labels * (labels == 1)), 0)
        self.assertEqual(stress.touching_share(np.zeros((9, 9), int)), 0)
        pairs = [(labels, labels), (labels, labels * (labels == 1))]
        self.assertEqual(len(list(stress.dense(pairs, 0.5))), 1)

    def test_jpeg_keeps_size_and_loses_little(self) -> None:
        for grey, labels in stress.compressed(self.pairs[:1], 75):
            self.assertEqual((grey.shape, grey.dtype), ((256, 256), np.uint8))
            difference = np.abs(grey.astype(int) - self.pairs[0][0])
            self.assertGreater(difference.max(), 0)
            self.assertLess(difference.mean(), 2)
            self.assertIs(labels, self.pairs[0][1])

    def test_deep_images_are_read_and_none_is_an_error(self) -> None:
        grey, labels = self.pairs[0]
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, pixels in (("images", grey.astype(np.uint16) * 20),
                                 ("labels", labels.astype(np.uint16))):
                (root / name).mkdir()
                Image.fromarray(pixels).save(root / name / "a.png")
            (root / "split.csv").write_text("id,kind,split\na,dim,val\n")
            ((got, _),) = stress.load(root, "val", "dim")
            with self.assertRaisesRegex(ValueError, "kind dim; bright is"):
                stress.load(root, "val", "bright")
            (root / "split.csv").write_text("id,kind\na,dim\n")
            with self.assertRaisesRegex(ValueError, "no column split"):
                stress.load(root, "val", "dim")
            (root / "split.csv").unlink()
            with self.assertRaisesRegex(ValueError, f"{root}: no split.csv; "
                                        "a folder with images/, labels/ and "
                                        "split.csv is expected .import-dsb2018"
                                        ".*train --images"):
                stress.load(root, "val", "dim")
            with self.assertRaisesRegex(ValueError, "none: no such folder; a "
                                        "folder with .* is expected"):
                stress.load(root / "none", "val", "dim")
        self.assertEqual(got.dtype, np.uint8)
        self.assertGreater(int(got[labels > 0].min()), 200)

    def test_resized_frames_keep_their_nuclei(self) -> None:
        for grey, labels in stress.resized(self.pairs, 0.5):
            self.assertEqual(grey.shape, (128, 128))
            self.assertEqual(labels.shape, (128, 128))
            self.assertEqual(labels.max(), 2)

    def test_deep_and_dim_frames_show_the_same(self) -> None:
        for (grey, labels), (plain, _) in zip(stress.deep(self.pairs),
                                              self.pairs):
            self.assertTrue(np.array_equal(grey >> 8, plain))
            self.assertEqual(labels.max(), 2)
        for grey, labels in stress.dim(self.pairs, seed=1):
            self.assertEqual(grey.dtype, np.uint16)
            self.assertLess(grey.max(), 4096 // 10)
            self.assertGreater(np.median(grey[labels > 0]),
                               np.median(grey[labels == 0]) + 50)

    def test_empty_frames_fit_twelve_bits(self) -> None:
        frames = list(stress.empty_frames(1, seed=1))
        self.assertEqual([n for n, _ in frames],
                         ["dark", "uneven", "structured"])
        for _, frame in frames:
            self.assertEqual(frame.shape, (512, 512))
            self.assertLess(frame.max(), 4096)
            self.assertGreater(frame.std(), 1)


if __name__ == "__main__":
    unittest.main()
