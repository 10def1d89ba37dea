# SPDX-License-Identifier: LGPL-2.1-or-later
"""Learning from a larger network's maps."""

import copy
import unittest
from dataclasses import replace

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import distill, losses
from tests.test_start import SMALL, model


class Distill(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(3)
        self.x = torch.rand(2, 1, 32, 48)
        labels = torch.zeros(2, 32, 48, dtype=torch.int64)
        labels[0, 4:14, 5:17] = 1
        labels[0, 14:24, 5:17] = 2
        labels[1, :9, 30:] = -1
        labels[1, 12:30, 8:20] = 1
        self.targets = losses.make_targets(labels, 16.0)
        self.out = torch.randn(2, 5, 32, 48)
        self.taught = torch.randn(2, 3, 32, 48)

    def terms(self, out: torch.Tensor, share: float
              ) -> dict[str, torch.Tensor]:
        return distill.loss_terms(out, self.taught, self.targets, share)

    def test_teacher_computes_what_its_file_does(self) -> None:
        file = model(SMALL)
        teacher = distill.make_teacher(file, [self.x])
        self.assertFalse(teacher.training)
        self.assertFalse(any(p.requires_grad for p in teacher.parameters()))
        other = torch.rand(1, 1, 64, 64)
        self.assertLess(float((teacher(other)[:, :3] - file.run(other))
                              .abs().max()), 1e-4)  # f32, norms unfolded

    def test_file_without_a_layer_is_no_teacher(self) -> None:
        file = copy.deepcopy(model(SMALL))
        del file.tensors["enc1.b.weight"]
        with self.assertRaisesRegex(ValueError, "enc1.b"):
            distill.make_teacher(file, [self.x])

    def test_without_a_share_labels_alone_count(self) -> None:
        plain = losses.loss_terms(self.out, self.targets)
        for key, value in self.terms(self.out, 0.0).items():
            torch.testing.assert_close(value, plain[key])

    def test_whole_share_draws_to_the_teacher(self) -> None:
        same = self.out.clone()
        same[:, :3] = self.taught
        same.requires_grad_()
        terms = self.terms(same, 1.0)
        self.assertEqual(float(terms["offset"].detach()), 0.0)
        terms["bce"].backward()
        self.assertLess(float(same.grad.abs().max()), 1e-7)

    def test_offsets_have_two_targets(self) -> None:
        own, far = (losses.offset_error(self.out, o, self.targets)
                    for o in (self.targets.offset, self.taught[:, 1:3]))
        terms = self.terms(self.out, 0.25)
        torch.testing.assert_close(terms["offset"], 0.75 * own + 0.25 * far)
        torch.testing.assert_close(terms["loss"], sum(
            losses.WEIGHTS[k] * v for k, v in terms.items() if k != "loss"))

    def test_nothing_is_learnt_where_labels_are_unknown(self) -> None:
        other = self.taught.clone()
        other[1, :, :9, 30:] += 5
        out = self.out.clone().requires_grad_()
        grads = []
        for taught in (self.taught, other):
            terms = distill.loss_terms(out, taught, self.targets, 0.5)
            grads.append(torch.autograd.grad(terms["loss"], out)[0])
        torch.testing.assert_close(*grads)

    def test_foreground_of_both_is_the_target(self) -> None:
        soft = replace(self.targets, foreground=0.5 * (
            self.targets.foreground + torch.sigmoid(self.taught[:, :1])))
        torch.testing.assert_close(
            self.terms(self.out, 0.5)["bce"],
            losses.loss_terms(self.out, soft)["bce"])


if __name__ == "__main__":
    unittest.main()
