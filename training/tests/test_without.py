# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be left out of the augmentation and the loss to see its worth."""

import unittest
from unittest import mock

import numpy as np
from scipy import ndimage

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import augment, canvas, distill, losses
from nucseg_training.data import Entry
from nucseg_training.prepare import InputSpec

SPEC = InputSpec()
GEOMETRY = ("scale", "turn", "elastic")
SEEDS = range(40)


def box_canvas() -> canvas.Canvas:
    """One upright rectangle of 30 x 15 pixels."""
    labels = np.zeros((200, 200), np.int32)
    labels[85:115, 92:107] = 1
    return canvas.from_arrays(Entry("box", "fluorescence", "train"),
                              np.where(labels, 200, 20), 8, labels, SPEC)


def crop(seed: int, without: tuple[str, ...]) -> torch.Tensor:
    return augment.sample(box_canvas(), np.random.default_rng(seed), 256,
                          without=without)[1]


def box_of(labels: torch.Tensor) -> tuple[int, int, float] | None:
    """Height, width, and how much of its bounding box the rectangle fills, or
    one of the reflections that stand around the canvas; None where a crop
    holds none of them as a whole."""
    pieces, _ = ndimage.label(labels.numpy() > 0)
    for i, place in enumerate(ndimage.find_objects(pieces), 1):
        h, w = (s.stop - s.start for s in place)
        if all(0 < s.start and s.stop < 256 for s in place) and h * w > 60:
            return h, w, float((pieces[place] == i).mean())
    return None


class Geometry(unittest.TestCase):
    def test_without_all_of_it_the_nucleus_is_as_it_was(self) -> None:
        for seed in SEEDS:
            h, w, filled = box_of(crop(seed, GEOMETRY))
            self.assertEqual(filled, 1)
            # It may lie on its side, and is stretched by some 6 %.
            self.assertAlmostEqual(max(h, w) / 30, 1, delta=0.25)
            self.assertAlmostEqual(min(h, w) / 15, 1, delta=0.25)

    def test_each_part_makes_a_difference(self) -> None:
        def seen(without: tuple[str, ...]) -> list[tuple[int, int, float]]:
            boxes = [box_of(crop(seed, without)) for seed in SEEDS]
            return [b for b in boxes if b is not None]

        turned = seen(("scale", "elastic"))
        self.assertLess(min(filled for _, _, filled in turned), 0.8)
        scaled = seen(("turn", "elastic"))
        self.assertGreater(max(max(h, w) for h, w, _ in scaled), 45)
        bent = seen(("scale", "turn"))
        self.assertTrue(any(0.8 < filled < 1 for _, _, filled in bent))


class Light(unittest.TestCase):
    def setUp(self) -> None:
        self.crop = augment.sample(box_canvas(), np.random.default_rng(1), 64,
                                   gentle=True)[0].clamp(*SPEC.clip)

    def calls(self, what: str, without: tuple[str, ...]) -> int:
        """How often 40 crops come to a function of the augmentation."""
        with mock.patch.object(augment, what,
                               wraps=getattr(augment, what)) as function:
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                augment.photometric(self.crop, rng, SPEC, 1.0, without)
                augment.hardly(self.crop, rng, SPEC, without)
        return function.call_count

    def test_parts_are_left_out(self) -> None:
        for part, what, others in (("jpeg", "recorded", ()),
                                   ("noise", "_noise", ()),
                                   ("light", "_field", ()),
                                   ("blur", "_blur", ("noise",))):
            self.assertGreater(self.calls(what, others), 0, part)
            self.assertEqual(self.calls(what, (*others, part)), 0, part)

    def test_gamma_and_inversion(self) -> None:
        others = ("light", "blur", "noise", "jpeg")
        # Exposure alone keeps the grey values' order.
        for without, falls in ((others, True), ((*others, "inversion"), False)):
            signs = []
            for seed in SEEDS:
                x = augment.photometric(self.crop, np.random.default_rng(seed),
                                        SPEC, 1.0, without)
                signs.append(float(x[self.crop > 0.9].mean()
                                   - x[self.crop < 0.1].mean()))
            self.assertEqual(all(s < 0 for s in signs), falls)
            self.assertEqual(all(s > 0 for s in signs), not falls)
        ramp = torch.linspace(0.05, 0.95, 64).expand(64, 64).contiguous()

        def straight(without: tuple[str, ...]) -> list[bool]:
            rows = [augment.photometric(ramp, np.random.default_rng(s), SPEC,
                                        0.0, without)[0, 8:-8] for s in SEEDS]
            return [bool((r.diff().diff().abs() < 1e-4).all()) for r in rows]

        self.assertFalse(all(straight(others)))
        self.assertTrue(all(straight((*others, "gamma"))))

    def test_batches_leave_out_what_their_source_does(self) -> None:
        for gentle in (0.0, 1.0):
            source = augment.BatchSource(
                [box_canvas()], np.ones(1), 3, 4, 64, SPEC, 0.0, gentle,
                without=augment.PARTS)
            with (mock.patch.object(augment, "recorded") as recorded,
                  mock.patch.object(augment, "_noise") as noise):
                for i in range(20):
                    source(i)
            self.assertEqual((recorded.call_count, noise.call_count), (0, 0))


class Terms(unittest.TestCase):
    def test_weights_of_the_terms(self) -> None:
        labels = torch.zeros(2, 32, 32, dtype=torch.int64)
        labels[:, 8:20, 8:20] = 1
        targets = losses.make_targets(labels, 16.0)
        torch.manual_seed(2)
        out, taught = torch.randn(2, 5, 32, 32), torch.randn(2, 3, 32, 32)
        weights = {"bce": 3.0, "dice": 0.0, "offset": 0.5, "centre": 0.0,
                   "gap": 7.0}
        for terms in (losses.loss_terms(out, targets, weights),
                      distill.loss_terms(out, taught, targets, 0.4, weights)):
            self.assertAlmostEqual(
                float(terms["loss"]), float(
                    3 * terms["bce"] + 0.5 * terms["offset"]
                    + 7 * terms["gap"]), places=4)


if __name__ == "__main__":
    unittest.main()
