# SPDX-License-Identifier: LGPL-2.1-or-later
"""The data set's import, on a folder of its kind."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

from nucseg_training import data

TOOL = Path(__file__).resolve().parents[1] / "import-dsb2018"


class Import(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        rng = np.random.default_rng(4)
        grey = rng.integers(0, 256, (12, 16, 1), np.uint8).repeat(4, 2)
        colour = rng.integers(0, 256, (12, 16, 4), np.uint8)
        for name, pixels in (("a", grey), ("b", colour)):
            at = self.root / "stage1" / name
            (at / "images").mkdir(parents=True)
            (at / "masks").mkdir()
            Image.fromarray(pixels).save(at / "images" / f"{name}.png")
            for i, box in enumerate(((0, 0, 5, 5), (4, 4, 9, 9))):
                mask = np.zeros((12, 16), np.uint8)
                mask[box[0]:box[2], box[1]:box[3]] = 255
                Image.fromarray(mask).save(at / "masks" / f"{i}.png")
        self.pixels = {"a": grey, "b": colour}
        (self.root / "split.csv").write_text(
            "id,kind,width,height,nuclei,split\n"
            "a,fluorescence,16,12,2,train\nb,colour,16,12,2,val\n")

    def run_it(self) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, TOOL, self.root / "stage1", self.root / "out",
             "--split", self.root / "split.csv"],
            capture_output=True, text=True, check=False)

    def test_layout(self) -> None:
        done = self.run_it()
        self.assertEqual(done.returncode, 0, done.stderr)
        out = self.root / "out"
        self.assertEqual([e.id for e in data.read_split(out, "val")], ["b"])
        with Image.open(out / "images" / "a.png") as im:
            self.assertEqual(im.mode, "L")
        with Image.open(out / "images" / "b.png") as im:
            np.testing.assert_array_equal(np.asarray(im),
                                          self.pixels["b"][..., :3])
        labels = data.read_labels(out / "labels" / "a.png")
        # The pixel of both masks stays with the first.
        self.assertEqual(np.bincount(labels.ravel()).tolist(),
                         [12 * 16 - 49, 25, 24])

    def refused(self, *texts: str) -> None:
        """One line that has all the texts, and no folder is left."""
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("import-dsb2018: "))
        for text in texts:
            self.assertIn(text, done.stderr)
        self.assertFalse((self.root / "out").exists())

    def test_what_is_missing_is_named(self) -> None:
        for path in (self.root / "stage1" / "b" / "masks").iterdir():
            path.unlink()
        self.refused("stage1: 1 of 2 images or their masks are missing, "
                     "b/masks/*.png first", "ID/images/ID.png and "
                     "ID/masks/*.png for each ID of the split")
        (self.root / "stage1" / "a" / "images" / "a.png").unlink()
        self.refused("stage1: 2 of 2", "a/images/a.png first")
        (self.root / "stage1").rename(self.root / "elsewhere")
        self.refused("stage1: no such folder", "is expected")

    def test_damaged_files_leave_no_empty_folders(self) -> None:
        path = self.root / "stage1" / "a" / "images" / "a.png"
        path.write_bytes(b"no picture")
        self.refused("a.png")
        # A folder that was there stays.
        (self.root / "out").mkdir()
        self.assertEqual(self.run_it().returncode, 1)
        self.assertEqual(list((self.root / "out").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
