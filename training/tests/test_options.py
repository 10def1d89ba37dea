# SPDX-License-Identifier: LGPL-2.1-or-later
"""training/train's options, and the little that all tools share."""

import argparse
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

try:
    import torch  # noqa: F401
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import checkpoint, loop, losses, options, tool

STATE = {"network": {}, "step": 3, "model": {}, "ema": {}, "optimizer": {},
         "seconds": 60.0}
CHOSEN = {"steps": 400, "seconds": 5400.0, "rate": 3e-4, "warmup": 50,
          "weight_decay": 1e-4, "ema": 0.99, "seed": 7, "bf16": False,
          "optimizer": "muon", "teacher_share": 0.0}
NOTE = {"batch": 8, "crop": 128, "empty": 0.02, "gentle": 0.8, "joined": 0.0,
        "teacher": None, "start_from": "nuclei-live"}


class Options(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.said = io.StringIO()

    def parse(self, *arguments: str) -> argparse.Namespace:
        with (mock.patch.object(sys, "argv", ["train", "--images", "i",
                                              *map(str, arguments)]),
              contextlib.redirect_stderr(self.said)):
            return options.parse("")

    def refused(self, text: str, *arguments: str) -> None:
        with self.assertRaises((SystemExit, ValueError)) as caught:
            self.parse(*arguments)
        self.assertIn(text, self.said.getvalue() + str(caught.exception))

    def test_models_get_a_name_that_the_engine_takes(self) -> None:
        a = self.parse("--out", self.root / "My Cells.safetensors")
        self.assertEqual(a.name, "my-cells")
        self.assertIn("name will be my-cells", self.said.getvalue())
        self.assertEqual(a.out, self.root / "My Cells.pt")
        a = self.parse("--out", self.root / "a.pt")
        self.assertIsNone(a.model)
        self.refused("ends in .safetensors", "--out", self.root / "hela.v2")

    def test_what_can_not_be_meant(self) -> None:
        for option, value, text in (
                ("--minutes", "0", "more than 0"), ("--rate", "nan", "more"),
                ("--threads", "0", "from 1 up"), ("--until", "noon", "HH:MM"),
                ("--until", "24:00", "HH:MM"), ("--ema", "2", "0 to 1"),
                ("--rare", "0", "more than 0"), ("--seed", "-1", "from 0 up"),
                ("--widths", "8", "two or")):
            self.refused(f"{option} {value}", option, value)
            self.refused(text, option, value)
        self.refused("--no-ce: has no effect", "--no-ce", "--start-from", "m")
        self.refused("--normalization: has no effect", "--normalization",
                     "minmax", "--start-from", "m")
        self.refused("--normalization", "--normalization", "zscore")
        for term in ("dice", "dice=", "dice=-1", "dice=inf", "rim=1"):
            self.refused(f"--loss: '{term}': one of bce, dice", "--loss",
                         "bce=2", term)
        self.refused("--without: invalid choice: 'grain'", "--without", "blur",
                     "grain")
        for device in ("foo", "cuda:99"):
            with self.assertRaisesRegex(ValueError, f"--device {device}: "):
                loop.find_device(device)

    def test_a_batch_norm_needs_two_crops(self) -> None:
        self.refused("--batch 1: at least 2 are expected", "--batch", "1")
        self.assertEqual(self.parse("--batch", "2").batch, 2)
        with contextlib.redirect_stdout(self.said):
            self.refused("crops a step, at least 2 (16)", "--help")

    def test_own_images_from_random_weights_are_warned_of(self) -> None:
        self.parse("--out", self.root / "a.pt")
        self.assertIn("warning: no --start-from: the weights begin at random "
                      "and are trained for 20,000 steps; --start-from "
                      "nuclei-live fine-tunes in 400", self.said.getvalue())
        self.said.truncate(0)
        self.parse("--out", self.root / "a.pt", "--steps", "7")
        self.assertIn("for 7 steps", self.said.getvalue())
        self.said.truncate(0)
        checkpoint.save(self.root / "a.pt", STATE | {
            "options": CHOSEN, "note": NOTE | {"start_from": "None"}})
        for more in (("--start-from", "m"), ("--resume",)):
            self.parse("--out", self.root / "a.pt", *more)
        with mock.patch.object(sys, "argv", ["train", "--data", "d", "--out",
                                             str(self.root / "b.pt")]):
            options.parse("")
        self.assertNotIn("at random", self.said.getvalue())

    def test_times_have_units(self) -> None:
        for seconds, text in ((0, "0 s"), (59.9, "59 s"), (60, "1 min"),
                              (3599, "59 min"), (3600, "1 h 0 min"),
                              (175443, "48 h 44 min")):
            self.assertEqual(loop.duration(seconds), text)

    def test_a_resumed_run_is_the_one_that_was_begun(self) -> None:
        path = self.root / "a.pt"
        for start in ("nuclei-live", "None"):
            checkpoint.save(path, STATE | {
                "options": CHOSEN, "note": NOTE | {"start_from": start}})
            a = self.parse("--out", path, "--resume", "--steps", "500")
            self.assertEqual(
                (a.steps, a.rate, a.gentle, a.seed, a.f32, a.batch, a.crop,
                 a.optimizer, a.minutes, a.teacher_share, a.start_from),
                (500, 3e-4, 0.8, 7, True, 8, 128, "muon", 90.0, 0.5,
                 None if start == "None" else start))
        # Written before the decoder was kept.
        self.assertIn("without input, output", self.said.getvalue())

    def test_parts_and_terms_are_kept_when_a_run_goes_on(self) -> None:
        path = self.root / "a.pt"
        usual = self.parse("--out", path)
        self.assertEqual((usual.without, usual.loss), ([], losses.WEIGHTS))
        a = self.parse("--out", path, "--without", "blur", "jpeg", "--loss",
                       "dice=0", "gap=2")
        self.assertEqual((a.without, a.loss),
                         (["blur", "jpeg"],
                          losses.WEIGHTS | {"dice": 0.0, "gap": 2.0}))
        checkpoint.save(path, STATE | {
            "options": CHOSEN | {"loss": a.loss},
            "note": NOTE | {"without": a.without}})
        b = self.parse("--out", path, "--resume", "--loss", "dice=1")
        self.assertEqual((b.without, b.loss),
                         (a.without, a.loss | {"dice": 1.0}))

    def test_usual_values(self) -> None:
        a = self.parse("--out", self.root / "a.pt", "--start-from", "m")
        self.assertEqual((a.steps, a.rate, a.gentle, a.f32, a.seed),
                         (400, 3e-4, 0.8, None, 1))
        a = self.parse("--out", self.root / "a.pt", "--gentle", "0.1")
        self.assertEqual((a.steps, a.rate, a.gentle), (20000, 2e-3, 0.1))

    def test_errors_of_tools_are_one_line(self) -> None:
        def fails() -> None:
            tool.find_model(self.root / "none", "--model")

        with contextlib.redirect_stderr(self.said):
            self.assertEqual(tool.run("tune", fails), 1)
        self.assertRegex(self.said.getvalue(),
                         r"^tune: --model .*none: no such file, .*\n$")
        self.assertTrue(tool.find_model("nuclei-live").is_file())
        for bad in (self.root, self.root / "none" / "a.json"):
            with self.assertRaisesRegex(ValueError, f"--json {bad}: "):
                tool.check_out("--json", bad)


if __name__ == "__main__":
    unittest.main()
