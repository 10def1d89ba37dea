# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scores against cases counted by hand."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

from nucseg_training import metrics

EVALUATE = Path(__file__).resolve().parents[1] / "evaluate"


def squares(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Labels 1.. of boxes (y0, x0, y1, x1) in 20x20."""
    a = np.zeros((20, 20), np.int32)
    for i, (y0, x0, y1, x1) in enumerate(boxes, 1):
        a[y0:y1, x0:x1] = i
    return a


class Scores(unittest.TestCase):
    def figures(self, truth: np.ndarray, found: np.ndarray) -> dict:
        s = metrics.Score()
        s.add(truth, found)
        return s.figures()

    def test_equal_but_for_numbers(self) -> None:
        truth = squares((0, 0, 5, 5), (10, 10, 15, 15))
        f = self.figures(truth, np.where(truth == 1, 7, truth))
        for key in ("pa", "mpa", "miou", "pq", "ap0.50", "ap0.95",
                    "ap_mean_50_90"):
            self.assertEqual(f[key], 1.0, key)

    def test_match_needs_more_than_the_threshold(self) -> None:
        # 5x4 of 5x8: IoU is exactly one half, which does not match.
        half = self.figures(squares((0, 0, 5, 8)), squares((0, 0, 5, 4)))
        self.assertEqual(half["ap0.50"], 0.0)
        # 5x5 of 5x8: 0.625.
        more = self.figures(squares((0, 0, 5, 8)), squares((0, 0, 5, 5)))
        self.assertEqual([more["ap0.50"], more["ap0.60"], more["ap0.65"]],
                         [1.0, 1.0, 0.0])
        self.assertAlmostEqual(more["pq"], 0.625)

    def test_merge_split_and_pixels(self) -> None:
        truth = squares((0, 0, 5, 5), (0, 5, 5, 10))
        f = self.figures(truth, squares((0, 0, 5, 10)))
        self.assertEqual((f["merges"], f["splits"], f["ap0.50"]), (1, 0, 0))
        self.assertEqual(f["miou"], 1.0)
        f = self.figures(squares((0, 0, 5, 10)), truth)
        self.assertEqual((f["merges"], f["splits"]), (0, 1))

    def test_pixel_scores(self) -> None:
        # 25 of 50 nucleus pixels found, none false; 350 of 350 background.
        f = self.figures(squares((0, 0, 5, 10)), squares((0, 0, 5, 5)))
        self.assertAlmostEqual(f["pa"], 375 / 400)
        self.assertAlmostEqual(f["mpa"], (0.5 + 1) / 2)
        self.assertAlmostEqual(f["miou"], (25 / 50 + 350 / 375) / 2)

    def test_counted_over_the_set(self) -> None:
        s = metrics.Score()
        s.add(squares((0, 0, 5, 5)), squares((0, 0, 5, 5)))
        s.add(squares(), squares((0, 0, 5, 5), (9, 9, 12, 12)))
        s.add(squares((0, 0, 5, 5)), squares())
        f = s.figures()
        self.assertAlmostEqual(f["ap0.50"], 1 / (1 + 2 + 1))
        self.assertAlmostEqual(f["missed"], 1 / 2)
        self.assertAlmostEqual(f["false"], 2 / 3)

    def test_frame_without_background(self) -> None:
        f = self.figures(np.ones((4, 4), int), np.full((4, 4), 9))
        self.assertEqual(f["ap0.95"], 1.0)

    def test_nothing_to_count(self) -> None:
        empty = self.figures(squares(), squares())
        for key in ("ap0.50", "ap_mean_50_90", "pq", "missed", "false"):
            self.assertIsNone(empty[key], key)
        self.assertEqual((empty["pa"], empty["count_error"]), (1, 0))
        invented = self.figures(squares(), squares((0, 0, 5, 5)))
        self.assertIsNone(invented["missed"])
        self.assertEqual((invented["ap0.50"], invented["false"]), (0, 1))
        s = metrics.Score()
        s.add(squares(), squares())
        self.assertIn("| - | - | - | - | - | - | - | - | - | 0 | 0 | 0.00 |",
                      metrics.table({"all": s}))


class Command(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("images", "labels", "found"):
            (self.root / name).mkdir()
        truth = squares((0, 0, 5, 5)).astype(np.uint16)
        Image.fromarray(truth).save(self.root / "labels" / "a.png")
        Image.fromarray((truth * 200).astype(np.uint8)).save(
            self.root / "images" / "a.png")
        (self.root / "split.csv").write_text(
            "id,kind,width,height,nuclei,split\na,fluorescence,20,20,1,val\n")
        self.truth = truth

    def run_it(self, *more: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, EVALUATE, "--predictions", self.root / "found",
             "--data", self.root, "--sheet", self.root / "sheet.png", *more],
            capture_output=True, text=True, check=False)

    def test_scores_and_sheet(self) -> None:
        Image.fromarray(self.truth).save(self.root / "found" / "a.png")
        done = self.run_it()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| fluorescence | 1 | 1 | 1 | 100.0 |", done.stdout)
        with Image.open(self.root / "sheet.png") as sheet:
            self.assertEqual(sheet.size, (3 * 640, 640))

    def test_empty_field_is_not_the_worst(self) -> None:
        empty = np.zeros((20, 20), np.uint16)
        Image.fromarray(empty).save(self.root / "labels" / "0.png")
        Image.fromarray(empty).save(self.root / "found" / "0.png")
        Image.fromarray(empty.astype(np.uint8)).save(
            self.root / "images" / "0.png")
        with (self.root / "split.csv").open("a") as split:
            split.write("0,fluorescence,20,20,0,val\n")
        Image.fromarray(empty).save(self.root / "found" / "a.png")
        done = self.run_it("--worst", "1", "--json", self.root / "all.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        with Image.open(self.root / "sheet.png") as sheet:
            both = np.asarray(sheet)
        text = self.root / "split.csv"
        text.write_text("".join(text.read_text().splitlines(True)[:2]))
        self.assertEqual(self.run_it().returncode, 0)
        with Image.open(self.root / "sheet.png") as sheet:
            np.testing.assert_array_equal(both, np.asarray(sheet))
        figures = json.loads((self.root / "all.json").read_text())["all"]
        self.assertEqual((figures["ap0.50"], figures["missed"],
                          figures["false"]), (0, 1, None))

    def test_missing_prediction(self) -> None:
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("a.png: no prediction", done.stderr)

    def test_missing_split(self) -> None:
        (self.root / "split.csv").unlink()
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"evaluate: {self.root}: no split.csv; ", done.stderr)

    def test_wrong_size(self) -> None:
        Image.fromarray(self.truth[:9]).save(self.root / "found" / "a.png")
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("truth is (20, 20), prediction (9, 20)", done.stderr)


if __name__ == "__main__":
    unittest.main()
