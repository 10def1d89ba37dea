# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crops, joined batches, and what updates the weights."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import (augment, canvas, checkpoint, optimizer, prepare,
                             trainer)
from nucseg_training.data import Entry
from nucseg_training.network import AttentionUNet, NetworkConfig
from nucseg_training.prepare import InputSpec

SPEC = InputSpec()


def disc_canvas() -> canvas.Canvas:
    """Bright discs of 21 pixels across, 16 pixels apart, on a dark ground."""
    y, x = np.mgrid[:256, :256]
    at = np.hypot(y % 32 - 16, x % 32 - 16) < 10.5
    labels = np.where(at, 1 + (y // 32) * 8 + x // 32, 0).astype(np.int32)
    grey = np.where(at, 200, 20).astype(np.int64)
    return canvas.from_arrays(
        Entry("discs", "fluorescence", "train"), grey, 8, labels,
        SPEC)


def source(**parts) -> augment.BatchSource:
    """Batches of four crops of 64x64."""
    return augment.BatchSource([disc_canvas()], np.ones(1), 3, 4, 64,
                               SPEC, 0.0, **parts)


class Recorded(unittest.TestCase):
    def test_close_to_what_it_was(self) -> None:
        x = disc_canvas().image[:128, :128].clamp(*SPEC.clip)
        seen = set()
        for seed in range(20):
            y = augment.recorded(x, np.random.default_rng(seed))
            again = augment.recorded(x, np.random.default_rng(seed))
            self.assertTrue(torch.equal(y, again))
            self.assertEqual((y.shape, y.dtype), (x.shape, torch.float32))
            # of sharp discs in the worst quality, a tenth of their contrast
            self.assertLess(float((y - x).abs().mean()), 0.1)
            self.assertGreater(float((y - x).abs().max()), 0)
            seen.add(len(y.unique()))
        # dim frames have few values, others many
        self.assertLess(min(seen), 60)
        self.assertGreater(max(seen), 100)


class Normalised(unittest.TestCase):
    def test_crops_are_prepared_as_frames_of_the_model_are(self) -> None:
        rng = np.random.default_rng(2)
        grey = rng.integers(0, 256, (64, 64))
        grey[0, 0], grey[0, 1] = 0, 255
        exposed = torch.from_numpy(grey.astype(np.float32)) * 0.002 + 0.3
        for spec in prepare.SPECS.values():
            whole = torch.from_numpy(prepare.normalise(grey, 8, spec))
            again = augment._renormalise(exposed, spec).clamp(*spec.clip)
            # A rank more or less of 4,096 is a grey value of 255 at most.
            self.assertLess(float((again - whole).abs().max()), 1.5 / 255)

    def test_a_crop_of_one_grey_value_has_no_nan(self) -> None:
        for spec in prepare.SPECS.values():
            y = augment._renormalise(torch.full((8, 8), 0.4), spec)
            self.assertTrue(bool(torch.isfinite(y).all()))

    def test_rare_kinds_are_shown_as_often_as_asked(self) -> None:
        common, rare = disc_canvas(), disc_canvas()
        rare.entry = Entry("tissue", "colour", "train")
        w = canvas.sampling_weights([common, rare], {"colour": 6.0})
        self.assertAlmostEqual(float(w[1] / w[0]), 6.0)


class Canvases(unittest.TestCase):
    def test_halves_lie_on_their_wholes(self) -> None:
        for shape in ((211, 190), (213, 64), (214, 300), (97, 651)):
            grey = np.arange(shape[0] * shape[1]).reshape(shape) % 251
            made = canvas.from_arrays(
                Entry("ramp", "fluorescence", "train"), grey, 8,
                np.zeros(shape, np.int32), SPEC)
            self.assertEqual([n % 2 for n in made.image.shape], [0, 0])
            self.assertEqual([2 * n for n in made.half.shape],
                             list(made.image.shape))
            y0, x0, y1, x1 = made.box
            self.assertEqual((y1 - y0, x1 - x0), shape)


class Batches(unittest.TestCase):
    def test_joined_crops_keep_their_nuclei(self) -> None:
        for across in (2, 4):
            images, labels = (torch.cat(x) for x in zip(*(
                source()(i) for i in range(across * across // 4))))
            whole = augment.join(images, labels, across)
            side = 64 * across
            self.assertEqual(whole[0].shape, (1, 1, side, side))
            self.assertEqual(whole[1].shape, (1, side, side))
            total = 0
            for i, (image, alone) in enumerate(zip(images, labels)):
                y, x = 64 * (i // across), 64 * (i % across)
                self.assertTrue(torch.equal(
                    whole[0][0, 0, y:y + 64, x:x + 64], image[0]))
                part = whole[1][0, y:y + 64, x:x + 64]
                self.assertTrue(torch.equal(part > 0, alone > 0))
                self.assertTrue(torch.equal(part < 0, alone < 0))
                names = part[part > 0].unique()
                self.assertEqual(len(names), len(alone[alone > 0].unique()))
                total += len(names)
            # No two crops share a nucleus.
            self.assertEqual(len(whole[1][whole[1] > 0].unique()), total)

    def test_batches_are_joined_by_two_and_by_four(self) -> None:
        shapes = {tuple(source(joined=1.0)(i)[0].shape) for i in range(12)}
        # Of four crops of 64x64 sixteen of 32x32 have the pixels.
        self.assertEqual(shapes, {(1, 1, 128, 128)})
        eight = augment.BatchSource([disc_canvas()], np.ones(1), 3, 8, 64,
                                    SPEC, 0.0, joined=1.0)
        shapes = {tuple(eight(i)[1].shape) for i in range(12)}
        self.assertEqual(shapes, {(2, 128, 128), (1, 192, 192)})

    def test_exact_crops_are_pieces_of_the_frame(self) -> None:
        rng = np.random.default_rng(4)
        size = 96
        frame = rng.integers(0, 4000, (size, size))
        labels = np.arange(1, size * size + 1, dtype=np.int32).reshape(
            size, size)
        c = canvas.from_arrays(Entry("noise", "fluorescence", "train"), frame,
                               16, labels, SPEC)
        exact = 0
        for _ in range(60):
            x, y = augment.sample(c, rng, 32, gentle=True)
            inside = y > 0
            # Every label is a pixel: where one's image is its own pixel's,
            # nothing was interpolated.
            own = c.image.flatten()[torch.stack([
                (c.labels.flatten() == n).nonzero()[0, 0]
                for n in y[inside][::40]])]
            exact += bool(torch.allclose(x[inside][::40], own, atol=1e-4))
        self.assertGreater(exact, 30)
        self.assertLess(exact, 50)

    def test_ordinary_crops_are_half_to_three_times_as_large(self) -> None:
        rng = np.random.default_rng(6)
        size = 96
        labels = np.arange(1, size * size + 1, dtype=np.int32).reshape(
            size, size)
        c = canvas.from_arrays(Entry("flat", "fluorescence", "train"),
                               rng.integers(0, 200, (size, size)), 8, labels,
                               SPEC)
        # Every label is a pixel: its place in the canvas.
        width = c.labels.shape[1]
        place = torch.zeros(int(c.labels.max()) + 1, dtype=torch.int64)
        place[c.labels.flatten().long()] = torch.arange(c.labels.numel())
        zooms = []
        for _ in range(150):
            # The middle, since what lies outside the canvas has no label.
            y = augment.sample(c, rng, 48)[1][20:28, 20:28]
            seen = place[y.clamp(min=0)]
            if (y > 0).all():
                spread = ((seen // width).float().var()
                          + (seen % width).float().var())
                zooms.append(float((2 * 5.33 / spread).sqrt()))
        # Bends, steep in crops as small as these, come on top of the zoom.
        self.assertLess(max(zooms), 3.8)
        self.assertGreater(max(zooms), 2.3)
        self.assertGreater(min(zooms), 0.25)
        self.assertLess(min(zooms), 0.7)

    def test_empty_and_unknown_quarters_join(self) -> None:
        labels = torch.zeros(4, 2, 2, dtype=torch.int64)
        labels[0], labels[1], labels[3] = 7, -1, 1
        joined = augment.join(torch.zeros(4, 1, 2, 2), labels)[1][0]
        self.assertEqual(joined[0].tolist(), [7, 7, -1, -1])
        self.assertEqual(joined[2].tolist(), [0, 0, 8, 8])

    def test_the_same_number_is_the_same_batch(self) -> None:
        for parts in ({}, {"gentle": 0.5}, {"joined": 0.5}):
            a, b = source(**parts)(9), source(**parts)(9)
            self.assertTrue(torch.equal(a[0], b[0]) and
                            torch.equal(a[1], b[1]), parts)

    def test_gentle_crops_stay_close_to_the_frame(self) -> None:
        def spread(gentle: float) -> tuple[float, float]:
            images, labels = source(gentle=gentle)(1)
            inside = [float(i[0][n > 0].std()) for i, n in zip(images, labels)]
            # Those that the crop's edge cuts say nothing about the zoom.
            areas = np.concatenate([np.bincount(n[n > 0].numpy()) for n in
                                    labels])
            return max(inside), float(np.percentile(areas[areas > 0], 80))

        noise, area = spread(1.0)
        self.assertLess(noise, 0.2)
        self.assertLess(abs(area / 346 - 1), 0.35)
        self.assertGreater(spread(0.0)[0], noise)


class Optimizers(unittest.TestCase):
    def net(self) -> AttentionUNet:
        torch.manual_seed(5)
        return AttentionUNet(NetworkConfig(widths=(8, 8, 16))).to(
            memory_format=torch.channels_last)

    def test_muon_moves_every_weight(self) -> None:
        net = self.net()
        o = optimizer.make_optimizer(net, "muon", 1e-3, 1e-4)
        before = {k: v.clone() for k, v in net.named_parameters()}
        net(torch.rand(4, 1, 32, 32)).square().mean().backward()
        o.step()
        for key, value in net.named_parameters():
            self.assertFalse(torch.equal(value, before[key]), key)
        # Its steps are orthogonal matrices: all singular values alike.
        moved = net.encoder[1]["b"].conv.weight - before["encoder.1.b.conv."
                                                         "weight"]
        values = torch.linalg.svdvals(moved.detach().flatten(1))
        self.assertLess(float(values.max() / values.min()), 2.5)

    def test_first_layer_heads_and_depthwise_are_left_to_adamw(self) -> None:
        net = self.net()
        own = {id(p) for p in optimizer.hidden_convolutions(net)}
        names = [k for k, p in net.named_parameters() if id(p) in own]
        self.assertIn("encoder.0.b.conv.weight", names)
        self.assertIn("decoder.0.reduce.conv.weight", names)
        for name in ("encoder.0.a.conv.weight", "head.weight", "aux.weight",
                     "attention.1.reduce.conv.weight",
                     "attention.1.gate.weight"):
            self.assertNotIn(name, names)
        with self.assertRaisesRegex(ValueError, "adamw, muon"):
            optimizer.make_optimizer(net, "sgd", 1e-3, 0)

    def test_muon_resumes(self) -> None:
        def make(stop: int):
            def batch(number: int):
                if number == stop:
                    raise InterruptedError
                g = torch.Generator().manual_seed(number)
                x = torch.rand(2, 1, 32, 32, generator=g)
                return x, (x[:, 0] > 0.5).long()
            return batch

        o = trainer.TrainOptions(5, 1e9, 1e-3, 1, 1e-4, 0.9, 16.0, -1.0, 1,
                                 False, optimizer="muon",
                                 fixed_attention=True)
        with tempfile.TemporaryDirectory() as folder, \
                contextlib.redirect_stderr(io.StringIO()):
            whole, parts = Path(folder, "whole"), Path(folder, "parts")
            trainer.train(self.net(), make(-1), o, whole, None, {})
            with self.assertRaises(InterruptedError):
                trainer.train(self.net(), make(3), o, parts, None, {})
            trainer.train(self.net(), make(-1), o, parts,
                          checkpoint.load(parts), {})
            a, b = checkpoint.load(whole), checkpoint.load(parts)
            plain = trainer.TrainOptions(5, 1e9, 1e-3, 1, 1e-4, 0.9, 16.0, 1e9,
                                         1, False)
            trainer.train(self.net(), make(-1), plain, parts, None, {})
            with self.assertRaisesRegex(ValueError, "trained by adamw"):
                trainer.train(self.net(), make(-1), o, whole,
                              checkpoint.load(parts), {})
        for key, value in a["model"].items():
            self.assertTrue(torch.equal(value, b["model"][key]), key)
            if "attention" in key and "running_var" in key:
                self.assertEqual(set(value.tolist()), {1.0})


if __name__ == "__main__":
    unittest.main()
