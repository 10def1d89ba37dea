# SPDX-License-Identifier: LGPL-2.1-or-later
"""training/train on a user's own images, as a user runs it."""

import hashlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import graph, user_data

TRAIN = Path(__file__).resolve().parents[1] / "train"


class FineTune(unittest.TestCase):
    def setUp(self) -> None:
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.root = Path(self.scratch.name)
        rng = np.random.default_rng(4)
        for folder in ("images", "labels"):
            (self.root / folder).mkdir()
        y, x = np.mgrid[:96, :112]
        for i in range(4):
            labels = np.zeros((96, 112), np.uint16)
            for k, (cy, cx) in enumerate(rng.uniform(15, 80, (4, 2)), 1):
                labels[np.hypot(y - cy, x - cx) < 9] = k
            grey = rng.normal(300, 20, labels.shape) + 1500 * (labels > 0)
            Image.fromarray(grey.astype(np.uint16)).save(
                self.root / "images" / f"field{i}.png")
            Image.fromarray(labels).save(self.root / "labels"
                                         / f"field{i}.png")

    def train(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, TRAIN, "--images", self.root / "images",
             "--labels", self.root / "labels", "--start-from", "nuclei-live",
             "--batch", "4", "--crop", "64", "--threads", "1", "--device",
             "cpu", *arguments], capture_output=True, text=True, timeout=300,
            check=False)

    def digest(self, name: str) -> str:
        return hashlib.sha256((self.root / name).read_bytes()).hexdigest()

    def test_one_command_gives_a_model_and_scores(self) -> None:
        done = self.train("--out", self.root / "mine.safetensors", "--steps",
                          "3", "--hold-out", "0.25")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("at random", done.stderr)
        self.assertRegex(done.stderr, r"step 3  \S+/s  left 0 s  ")
        self.assertIn("| before: nuclei-live |", done.stdout)
        self.assertIn("| after: mine |", done.stdout)
        self.assertIn(self.digest("mine.safetensors"), done.stdout)
        g, _, output, metadata = graph.load_model(
            self.root / "mine.safetensors")
        self.assertEqual(metadata["name"], "mine")
        self.assertEqual(output["maps"][0], "foreground")
        # Own frames are shown mostly as they are.
        note = torch.load(self.root / "mine.pt", weights_only=True)["note"]
        self.assertEqual(note["gentle"], 0.8)
        self.assertTrue(any("scale" in n for n in g.nodes), "no int8 scales")

    def test_a_teacher_changes_what_is_learnt(self) -> None:
        for name, more in (("plain", ()), ("taught", (
                "--teacher", "nuclei-live", "--teacher-share", "1"))):
            done = self.train("--out", self.root / f"{name}.safetensors",
                              "--steps", "2", "--hold-out", "0", *more)
            self.assertEqual(done.returncode, 0, done.stderr)
        plain, taught = (graph.load_model(self.root / f"{n}.safetensors")[0]
                         for n in ("plain", "taught"))
        self.assertTrue(any((v != taught.tensors[k]).any()
                            for k, v in plain.tensors.items()))

    def test_a_seed_repeats_a_run_and_resuming_ends_the_same(self) -> None:
        for name, steps in (("a", "4"), ("b", "4"), ("c", "2")):
            done = self.train("--out", self.root / f"{name}.safetensors",
                              "--steps", steps, "--hold-out", "0", "--seed",
                              "7")
            self.assertEqual(done.returncode, 0, done.stderr)
        # Names differ, weights must not.
        a, b = (graph.load_model(self.root / f"{n}.safetensors")[0].tensors
                for n in "ab")
        for key, value in a.items():
            np.testing.assert_array_equal(value, b[key], err_msg=key)
        # What isn't given is the run's: the model, seed, crops, rate.
        done = subprocess.run(
            [sys.executable, TRAIN, "--images", self.root / "images",
             "--labels", self.root / "labels", "--out", self.root
             / "c.safetensors", "--resume", "--steps", "4", "--threads", "1"],
            capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("step 4", done.stderr)
        a, c = (torch.load(self.root / f"{n}.pt", weights_only=True)
                for n in "ac")
        self.assertEqual(a["note"], c["note"])
        for key in ("rate", "warmup", "seed", "steps"):
            self.assertEqual(a["options"][key], c["options"][key], key)
        a, c = (graph.load_model(self.root / f"{n}.safetensors")[2]
                for n in "ac")
        self.assertEqual(a, c)
        done = self.train("--out", self.root / "c.pt", "--resume",
                          "--start-from", "nuclei-accurate")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--start-from nuclei-accurate", done.stderr)

    def test_errors_are_one_line_that_names_the_matter(self) -> None:
        done = self.train("--start-from", "nuclei-lve")
        self.assertEqual(done.returncode, 1)
        self.assertIn("train: --start-from nuclei-lve: no such file",
                      done.stderr)
        done = self.train("--teacher", "nobody.safetensors")
        self.assertEqual(done.returncode, 1)
        self.assertIn("train: --teacher nobody.safetensors: no such file",
                      done.stderr)
        done = self.train("--teacher", "nuclei-live", "--teacher-share", "2")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--teacher-share 2.0: 0 to 1 is expected", done.stderr)
        done = self.train("--gentle", "-0.5")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--gentle -0.5: 0 to 1 is expected", done.stderr)
        done = self.train("--steps", "-4")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--steps -4: a number from 1 up", done.stderr)
        done = self.train("--out", self.root / "none" / "mine.safetensors")
        self.assertEqual(done.returncode, 2)
        self.assertIn("none is no folder", done.stderr)
        shipped = TRAIN.parents[1] / "models" / "nuclei-live.safetensors"
        cut = self.root / "cut.safetensors"
        for size, says in ((20000, "the file has 20000 bytes: it was cut off"),
                           (5, "5 bytes without a header of safetensors")):
            cut.write_bytes(shipped.read_bytes()[:size])
            done = self.train("--start-from", cut)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"train: {cut}: ", done.stderr)
            self.assertIn(says, done.stderr)
        done = self.train("--images", self.root / "labels", "--labels",
                          self.root / "images", "--out",
                          self.root / "swapped.pt", "--steps", "1")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(
            done.stderr.splitlines()[-1],
            r"^train: .*images/field\d\.png: does not look like a label image "
            r"\(its \d+ values lie in [\d,]+ pieces\); are --images and "
            r"--labels swapped\?$")
        (self.root / "labels" / "field2.png").write_bytes(b"no picture")
        done = self.train("--hold-out", "0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("field2.png", done.stderr.splitlines()[-1])
        self.assertNotIn("Traceback", done.stderr)
        # Of those held out as well, before anything is trained.
        for i in range(4):
            (self.root / "labels" / f"field{i}.png").write_bytes(
                (self.root / "labels" / "field3.png").read_bytes())
        held = user_data.split_pairs(user_data.find_pairs(
            self.root / "images", self.root / "labels"), 0.25, 1)[1]
        held[0].labels.write_bytes(b"no picture")
        done = self.train("--out", self.root / "bad.safetensors",
                          "--hold-out", "0.25", "--steps", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn(held[0].labels.name, done.stderr.splitlines()[-1])
        self.assertFalse((self.root / "bad.pt").exists())


if __name__ == "__main__":
    unittest.main()
