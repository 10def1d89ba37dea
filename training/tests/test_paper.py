# SPDX-License-Identifier: LGPL-2.1-or-later
"""The paper's network, its images, its training loop and the ablation."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import paper_ablation as ablation
from nucseg_training import paper_data, paper_training
from nucseg_training.data import Entry
from nucseg_training.network import Attention
from nucseg_training.paper_network import (PaperConfig, PaperNetwork,
                                           local_response_norm)


def cells(count: int, size: int) -> list[paper_data.PaperImage]:
    """Bright discs on a dark ground, 60x80, resized to size x size."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:60, :80]
    out = []
    for i in range(count):
        labels = np.zeros((60, 80), np.int32)
        for k, (cy, cx) in enumerate(rng.uniform(10, 50, (4, 2)), 1):
            labels[np.hypot(y - cy, x - cx) < 8] = k
        grey = (rng.uniform(20, 40, labels.shape) + 120 * (labels > 0))
        out.append(paper_data.from_arrays(
            Entry(f"f{i}", "fluorescence", "train"), grey.astype(np.uint8), 8,
            labels, size))
    return out


class Network(unittest.TestCase):
    def test_stages_and_shapes(self) -> None:
        net = PaperNetwork(PaperConfig(base=2)).eval()
        seen: list[tuple[int, ...]] = []
        for m in [*net.encoder, net.aspp, *net.decoder, net.last]:
            m.register_forward_hook(
                lambda _m, _i, out: seen.append(tuple(out.shape[1:])))
        with torch.inference_mode():
            out = net(torch.rand(2, 1, 96, 128))
            p = net.probability(torch.rand(2, 1, 96, 128))
        self.assertEqual(out.shape, (2, 2, 96, 128))
        self.assertEqual(p.shape, (2, 96, 128))
        self.assertTrue(bool(((p > 0) & (p < 1)).all()))
        self.assertEqual(seen[:10], [
            (2, 96, 128), (4, 48, 64), (8, 24, 32), (16, 12, 16), (16, 6, 8),
            (16, 6, 8), (16, 12, 16), (8, 24, 32), (4, 48, 64), (2, 96, 128)])

    def test_the_papers_widths(self) -> None:
        c = PaperConfig()
        self.assertEqual(c.widths, (64, 128, 256, 512, 512))
        with torch.device("meta"):
            net = PaperNetwork(c)
        self.assertEqual(net.aspp.project.conv.out_channels, 512)
        self.assertEqual([b.conv.dilation[0] for b in net.aspp.branches],
                         [1, 6, 12, 18])
        self.assertEqual({b.conv.dilation for b in net.encoder[4]}, {(2, 2)})
        self.assertEqual({b.conv.dilation for s in list(net.encoder)[:4]
                          for b in s}, {(1, 1)})

    def test_flags_change_the_graph(self) -> None:
        weights = {}
        for name, parts in ablation.VARIANTS.items():
            net = PaperNetwork(PaperConfig(base=2, **parts))
            self.assertEqual(net.aspp is not None, parts["use_aspp"], name)
            self.assertEqual(len(net.attention), 5 * parts["use_sap"], name)
            self.assertEqual(
                [a.expand is not None for a in net.attention],
                [i > 0 and parts["use_ce"] for i in range(len(net.attention))])
            weights[name] = sum(p.numel() for p in net.parameters())
            self.assertEqual(net(torch.rand(2, 1, 64, 64)).shape,
                             (2, 2, 64, 64), name)
        sap, aspp = (weights[f"unet+{k}"] - weights["unet"]
                     for k in ("sap", "aspp"))
        widths = (2, 4, 8, 16, 16)
        # Depthwise 4x4, batch norm, 1x1 with bias.
        self.assertEqual(sap, sum(16 * w + 2 * w + w * w + w for w in widths))
        # CE: a 1x1 with bias from each width to the next.
        ce = weights["unet+sap+ce"] - weights["unet+sap"]
        self.assertEqual(ce, sum(a * b + b
                                 for a, b in zip(widths, widths[1:])))
        self.assertEqual(weights["all"], weights["unet"] + sap + aspp + ce)
        with self.assertRaisesRegex(ValueError, "needs use_sap"):
            PaperNetwork(PaperConfig(base=2, use_sap=False))

    def test_every_weight_learns(self) -> None:
        torch.manual_seed(1)
        net = PaperNetwork(PaperConfig(base=2))
        # The head's small weights would make the others' gradients tiny.
        torch.nn.init.normal_(net.head.weight)
        net(torch.rand(4, 1, 64, 64))[:, 1].square().mean().backward()
        for name, p in net.named_parameters():
            self.assertIsNotNone(p.grad, name)
            self.assertTrue(bool(torch.isfinite(p.grad).all()), name)

    def test_ranges_of_the_channel_weights(self) -> None:
        torch.manual_seed(2)
        x = torch.rand(3, 8, 16, 16) + 0.1
        for lower in (None, 4):
            a = Attention(8, lower, 4).eval()
            with torch.no_grad():
                for p in a.parameters():
                    p.normal_()
                y, own = a(x, None if lower is None else torch.rand(3, 4, 1, 1))
            both = y / x
            self.assertTrue(bool(((own > 0) & (own < 1)).all()))
            self.assertTrue(bool(((both > 0) & (both < 2)).all()))
            # One weight for each channel of each image.
            self.assertLess(float((both - both[..., :1, :1]).abs().max()), 1e-5)
            if lower is None:
                self.assertLess(float((both - 2 * own).abs().max()), 1e-5)

    def test_local_response_norm(self) -> None:
        x = torch.tensor([0.0, 0.75, -1.0])
        self.assertTrue(torch.allclose(
            local_response_norm(x), torch.tensor([0.0, 0.6, -0.5 ** 0.5])))


class Data(unittest.TestCase):
    def test_kernel_of_eq_7(self) -> None:
        g = paper_data.gaussian(1.0)
        self.assertEqual(g.shape, (7, 7))
        self.assertAlmostEqual(float(g.sum()), 1, places=6)
        self.assertAlmostEqual(float(g[3, 4] / g[3, 3]), np.exp(-0.5), places=6)
        self.assertAlmostEqual(float(g[3, 3]), 1 / (2 * np.pi), places=3)

    def test_preprocessing(self) -> None:
        grey = np.full((40, 30), 10, np.uint8)
        grey[:, 15:] = 12
        x = paper_data.preprocess(grey, 8, 64)
        self.assertEqual(x.shape, (64, 64))
        # Equalised, the faint edge spans the full range.
        self.assertLess(float(x[:, :28].max()), 0.01)
        self.assertGreater(float(x[:, 36:].min()), 0.99)
        # Mostly dark, as fluorescence is: equalised, half of it is bright.
        dark = np.zeros((64, 64), np.uint8) + np.arange(64, dtype=np.uint8) // 16
        dark[8:16, 8:16] = 200
        shares = [float((paper_data.preprocess(dark, 8, 64, m) > 0.5)
                        .float().mean()) for m in ("equalize", "percentile")]
        self.assertGreater(shares[0], 0.4)
        self.assertLess(shares[1], 0.03)
        flat = paper_data.preprocess(np.full((40, 30), 9, np.uint8), 8, 64)
        self.assertFalse(bool(flat.any()))

    def test_median_frequency_by_hand(self) -> None:
        first = torch.zeros(2, 4, dtype=torch.uint8)
        first[0, :2] = 1
        empty = torch.zeros(2, 4, dtype=torch.uint8)
        # Background: 14 of 16 pixels; nucleus: 2 of the 8 where one is.
        w = paper_data.median_frequency_weights([first, empty])
        median = (14 / 16 + 2 / 8) / 2
        self.assertTrue(torch.allclose(
            w, torch.tensor([median / (14 / 16), median / (2 / 8)])))
        with self.assertRaisesRegex(ValueError, "no nucleus"):
            paper_data.median_frequency_weights([empty])

    def test_affine_moves_the_three_vertices(self) -> None:
        a = paper_data.affine(np.random.default_rng(3), 100)
        drawn = np.random.default_rng(3).uniform(-1, 1, (3, 2))
        for corner, d in zip(([0, 0], [100, 0], [0, 100]), drawn):
            moved = a @ np.array([*corner, 1])
            self.assertTrue(np.allclose(moved, np.add(corner, 10 * d)))

    def test_crops_keep_image_and_mask_together(self) -> None:
        image = cells(1, 64)[0]
        image.image = image.mask.half()
        for seed in range(5):
            crop, mask = paper_data.sample(image, np.random.default_rng(seed),
                                           32)
            self.assertEqual(crop.shape, (32, 32))
            # One gain and offset for the crop: two levels but for the edges.
            if 0.2 < float(mask.float().mean()) < 0.8:
                inside = crop[mask == 1].median()
                outside = crop[mask == 0].median()
                self.assertGreater(float(inside - outside), 0.79)

    def test_batches_by_number(self) -> None:
        images = cells(5, 64)
        a, b = (paper_data.PaperBatches(images, 7, 2, 64) for _ in range(2))
        for x, y in zip(a(3), b(3)):
            self.assertTrue(torch.equal(x, y))
        self.assertFalse(torch.equal(a(3)[0], a(4)[0]))
        # Two epochs show each image twice.
        seen = [i for n in range(5) for i in a.picks(n)]
        self.assertEqual(sorted(seen), sorted(2 * [0, 1, 2, 3, 4]))


class Training(unittest.TestCase):
    def trained(self, optimizer: str) -> PaperNetwork:
        images = cells(3, 64)
        torch.manual_seed(4)
        net = PaperNetwork(PaperConfig(base=2))
        o = paper_training.PaperOptions(3, optimizer, bf16=True, workers=2)
        w = paper_data.median_frequency_weights([i.mask for i in images])
        return paper_training.train(
            net, paper_data.PaperBatches(images, 4, 2, 64), w, o)

    def test_two_runs_give_equal_weights(self) -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        self.addCleanup(torch.set_num_threads, threads)
        for optimizer in paper_training.OPTIMIZERS:
            a, b = (self.trained(optimizer).state_dict() for _ in range(2))
            for name in a:
                self.assertTrue(torch.equal(a[name], b[name]), name)

    def test_learning_rate(self) -> None:
        o = paper_training.PaperOptions(10)
        self.assertEqual(paper_training.rate_at(0, o), 0.005)
        self.assertAlmostEqual(paper_training.rate_at(5, o),
                               0.005 * 0.5 ** 0.99)

    def test_scores_at_the_images_own_size(self) -> None:
        class Perfect(PaperNetwork):
            """Sees nuclei where the (not smoothed) image is bright."""

            def probability(self, x: torch.Tensor) -> torch.Tensor:
                sizes.append(tuple(x.shape[2:]))
                return x[:, 0]

        sizes: list[tuple[int, ...]] = []
        images = cells(2, 64)
        for i in images:
            i.image = i.mask.half()
        got = paper_training.evaluate(Perfect(PaperConfig(base=2)), images,
                                      multiscale=True)
        self.assertEqual(sizes[:5], [(n, n) for n in (32, 48, 64, 80, 96)])
        for way in ("single", "multi"):
            self.assertEqual(set(got[way]), {"all", "fluorescence"})
            self.assertGreater(got[way]["all"]["miou"], 0.93)
        # By hand: all is said to be background, so IoU is 0 and 1 - share.
        for i in images:
            i.image = torch.zeros_like(i.image)
        share = np.mean([i.truth.mean() for i in images])
        got = paper_training.evaluate(Perfect(PaperConfig(base=2)), images)
        self.assertEqual(set(got), {"single"})
        self.assertAlmostEqual(got["single"]["all"]["pa"], 1 - share)
        self.assertAlmostEqual(got["single"]["all"]["mpa"], 0.5)
        self.assertAlmostEqual(got["single"]["all"]["miou"], (1 - share) / 2)


class Ablation(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = Path(scratch.name, "results.json")

    @staticmethod
    def work(run: ablation.Run) -> dict:
        miou = 0.8 + 0.01 * run[1] + (0.02 if run[0] == "all" else 0)
        return {"weights": 1000, "single": {"all": {
            "pa": 0.9, "mpa": 0.85, "miou": miou}}}

    def test_order(self) -> None:
        self.assertEqual(ablation.plan(("unet", "all"), 2),
                         [("unet", 1), ("all", 1), ("unet", 2), ("all", 2)])

    def test_finished_runs_are_skipped(self) -> None:
        done: list[ablation.Run] = []

        def stops(run: ablation.Run) -> dict:
            if len(done) == 3:
                raise KeyboardInterrupt
            done.append(run)
            return self.work(run)

        runs = ablation.plan(("unet", "all"), 3)
        with self.assertRaises(KeyboardInterrupt):
            ablation.run_missing(runs, ablation.Results(
                self.path, {"steps": 5}), stops)
        again = ablation.Results(self.path, {"steps": 5})
        self.assertEqual([r for r in runs if again.has(r)], runs[:3])
        later: list[ablation.Run] = []

        def goes_on(run: ablation.Run) -> dict:
            later.append(run)
            return self.work(run)

        self.assertEqual(ablation.run_missing(runs, again, goes_on), 3)
        self.assertEqual(done + later, runs)
        self.assertEqual(ablation.run_missing(runs, again, goes_on), 0)
        text = ablation.table(ablation.Results(self.path))
        self.assertIn("| all | 1,000 | 3 | 90.00 ± 0.00 | 85.00 ± 0.00 "
                      "| 84.00 ± 1.00 | 2.00 ± 0.00 |", text)

    def test_other_settings_are_refused(self) -> None:
        ablation.run_missing([("unet", 1)], ablation.Results(
            self.path, {"steps": 5}), self.work)
        with self.assertRaisesRegex(ValueError, "steps 5, now 6"):
            ablation.Results(self.path, {"steps": 6})
        self.path.write_text("[]", encoding="utf-8")
        with self.assertRaisesRegex(ValueError, "not a file of ablation"):
            ablation.Results(self.path)

    def test_a_run_that_diverges_stops_no_other(self) -> None:
        def work(run: ablation.Run) -> dict:
            if run[0] == "unet":
                raise ArithmeticError("step 3: the loss is not finite")
            return self.work(run)

        results = ablation.Results(self.path, {})
        ablation.run_missing(ablation.plan(("unet", "all"), 1), results, work)
        self.assertIn("Failed: unet, seed 1: step 3", ablation.table(results))
        self.assertTrue(results.has(("unet", 1)))


if __name__ == "__main__":
    unittest.main()
