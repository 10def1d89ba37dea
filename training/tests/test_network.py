# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network, its export, augmentation and the training loop."""

import contextlib
import io
import signal
import tempfile
import unittest
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import checkpoint, fold, graph, losses, trainer, vectors
from nucseg_training.network import (AttentionUNet, NetworkConfig,
                                     depth_to_space, space_to_depth)
from nucseg_training.prepare import InputSpec

TINY = {"widths": (4, 6, 8, 8)}


class Network(unittest.TestCase):
    def test_space_to_depth_order(self) -> None:
        x = torch.arange(2 * 4 * 6.0).view(1, 2, 4, 6)
        y = space_to_depth(x, 2)
        for c in range(2):
            for dy in range(2):
                for dx in range(2):
                    self.assertTrue(torch.equal(
                        y[0, (dy * 2 + dx) * 2 + c], x[0, c, dy::2, dx::2]))
        self.assertTrue(torch.equal(depth_to_space(y, 2), x))

    def test_every_ablation_exports(self) -> None:
        for parts in ({}, {"use_ce": False}, {"use_aspp": False},
                      {"use_ce": False, "use_sap": False},
                      {"widths": (4, 6, 8), "stem": 4}, {"refine": 6},
                      {"stem": 1, "first_convs": 1, "first_kernel": 5}):
            torch.manual_seed(3)
            net = AttentionUNet(NetworkConfig(**(TINY | parts)))
            if net.refine is not None:
                torch.nn.init.normal_(net.refine.head.weight)
            net(torch.rand(4, 1, 32, 48))
            net.eval()
            x = torch.rand(2, 1, 48, 32)
            with torch.inference_mode():
                expected = net(x)
            self.assertEqual(expected.shape, (2, 3, 48, 32))
            got = fold.to_graph(net).run(x)
            self.assertLess(float((got - expected).abs().max()), 1e-4, parts)

    def test_model_file_round_trip(self) -> None:
        g = fold.to_graph(AttentionUNet(NetworkConfig(**TINY)).eval())
        with tempfile.TemporaryDirectory() as folder:
            a, b = Path(folder, "a"), Path(folder, "b")
            first = graph.save_model(a, g, InputSpec().to_json(), {}, "x")
            again = graph.load_model(a)[0]
            second = graph.save_model(b, again, InputSpec().to_json(), {}, "x")
        self.assertEqual(first, second)

    def test_weights_of_one_network_mix(self) -> None:
        nets = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            nets.append(fold.to_graph(
                AttentionUNet(NetworkConfig(**TINY)).eval()))
        a, b = nets
        name = next(iter(a.tensors))
        expected = 0.75 * a.tensors[name] + 0.25 * b.tensors[name]
        a.mix(b, 0.25)
        np.testing.assert_allclose(a.tensors[name], expected, rtol=1e-6)
        other = fold.to_graph(AttentionUNet(NetworkConfig((4, 6, 8))).eval())
        with self.assertRaisesRegex(ValueError, "another network"):
            a.mix(other, 0.5)

    def test_mean_of_checkpoints(self) -> None:
        graphs, paths = [], []
        with tempfile.TemporaryDirectory() as folder:
            for seed, widths in enumerate(((4, 6, 8, 8),) * 3 + ((4, 6, 8),)):
                torch.manual_seed(seed)
                net = AttentionUNet(NetworkConfig(widths=widths)).eval()
                graphs.append(fold.to_graph(net))
                paths.append(Path(folder, f"{seed}.pt"))
                checkpoint.save(paths[-1], {
                    "network": net.config.to_dict(), "ema": net.state_dict(),
                    "step": 10 + seed})
            mean, config, state = checkpoint.load_mean(paths[:3])
            with self.assertRaisesRegex(ValueError, "3.pt: of another network"):
                checkpoint.load_mean(paths)
        self.assertEqual((config.widths, state["step"]), ((4, 6, 8, 8), 10))
        for name, value in mean.tensors.items():
            expected = np.mean([g.tensors[name] for g in graphs[:3]], 0)
            np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)

    def test_vectors_are_the_ones_in_the_repository(self) -> None:
        kept = Path(__file__).resolve().parents[2] / "tests" / "vectors"
        with tempfile.TemporaryDirectory() as folder:
            vectors.write_all(Path(folder), [])
            names = sorted(p.name for p in Path(folder).iterdir())
            self.assertEqual(names, sorted(
                p.name for p in kept.glob("*.safetensors")
                if not p.name.startswith("shipped-")))
            for name in names:
                a, _ = graph.safetensors.read(Path(folder) / name)
                b, _ = graph.safetensors.read(kept / name)
                self.assertEqual(list(a), list(b))
                for key in a:
                    np.testing.assert_allclose(a[key], b[key], atol=1e-5,
                                               err_msg=f"{name} {key}")


    def test_shipped_models_in_onnx_runtime(self) -> None:
        try:
            import onnxruntime  # noqa: F401
        except ImportError:
            self.skipTest("onnxruntime is not installed")
        root = Path(__file__).resolve().parents[2]
        models = sorted((root / "models").glob("*.safetensors"))
        self.assertTrue(models)
        for model in models:
            name = f"shipped-{model.stem}.vectors.safetensors"
            with tempfile.TemporaryDirectory() as folder:
                vectors.shipped_model(Path(folder), model)
                a, _ = graph.safetensors.read(Path(folder) / name)
            b, _ = graph.safetensors.read(root / "tests" / "vectors" / name)
            for key in ("input", "output"):
                np.testing.assert_allclose(a[key], b[key], atol=1e-3,
                                           err_msg=f"{name} {key}")


class Targets(unittest.TestCase):
    def test_both_sides_of_an_outline_weigh_the_same(self) -> None:
        labels = torch.zeros(1, 64, 64, dtype=torch.int64)
        labels[0, 4:10, 4:10], labels[0, 24:60, 24:60] = 1, 2
        w = losses.make_targets(labels, 16.0).weight[0, 0]
        for inside, beside in (((5, 5), (5, 12)), ((30, 30), (30, 21))):
            self.assertEqual(w[inside], w[beside])
        self.assertAlmostEqual(float(w[5, 5]), 3.0)
        self.assertAlmostEqual(float(w[30, 30]), 0.6)
        self.assertEqual(w[5, 40], 1)

    def test_offsets_gap_and_unknown(self) -> None:
        labels = torch.zeros(2, 24, 24, dtype=torch.int64)
        labels[0, 2:9, 2:9], labels[0, 2:9, 10:17] = 1, 2
        labels[1, 20:22, 3:5] = 1
        labels[1, :, 20:] = -1
        t = losses.make_targets(labels, 16.0)
        self.assertEqual(t.offset[0, :, 2, 2].tolist(), [3 / 16, 3 / 16])
        self.assertEqual(t.offset[0, :, 5, 13].tolist(), [0, 0])
        self.assertEqual(t.centre[0, 0, 5, 5], 1)
        self.assertEqual(t.gap[0, 0, 5, 9], 1)
        self.assertEqual(t.gap[0, 0, 5, 4], 0)
        self.assertGreater(t.weight[0, 0, 5, 9], t.weight[0, 0, 15, 9])
        # A sliver of four pixels and what lies outside teach nothing.
        self.assertEqual(float(t.inside[1].sum()), 0)
        self.assertEqual(float(t.weight[1, 0, :, 20:].sum()), 0)
        self.assertEqual(float(t.weight[1, 0, 20:22, 3:5].sum()), 0)


class Loop(unittest.TestCase):
    def options(self) -> trainer.TrainOptions:
        return trainer.TrainOptions(steps=6, seconds=1e9, rate=1e-3, warmup=2,
                                    weight_decay=1e-4, ema=0.9,
                                    offset_scale=16.0, save_every=-1.0, seed=1,
                                    bf16=False)

    def source(self, stop: int):
        def make(number: int):
            if number == stop:
                raise InterruptedError
            g = torch.Generator().manual_seed(number)
            x = torch.rand(2, 1, 32, 32, generator=g)
            return x, (x[:, 0] > 0.5).long()
        return make

    def test_resumed_run_equals_one_without_a_stop(self) -> None:
        def fresh() -> AttentionUNet:
            torch.manual_seed(5)
            return AttentionUNet(NetworkConfig(**TINY))

        with tempfile.TemporaryDirectory() as folder, \
                contextlib.redirect_stderr(io.StringIO()):
            whole, parts = Path(folder, "whole"), Path(folder, "parts")
            trainer.train(fresh(), self.source(-1), self.options(), whole,
                          None, {})
            with self.assertRaises(InterruptedError):
                trainer.train(fresh(), self.source(4), self.options(), parts,
                              None, {})
            stopped = checkpoint.load(parts)
            self.assertLess(stopped["step"], 6)
            trainer.train(fresh(), self.source(-1), self.options(), parts,
                          stopped, {})
            a, b = checkpoint.load(whole), checkpoint.load(parts)
        self.assertEqual(a["step"], 6)
        for part in ("model", "ema"):
            for key, value in a[part].items():
                self.assertTrue(torch.equal(value, b[part][key]), key)

    def test_ctrl_c_ends_a_step_and_keeps_the_checkpoint(self) -> None:
        batch = self.source(-1)

        def pressed(number: int):
            if number == 2:
                signal.raise_signal(signal.SIGINT)
            return batch(number)

        before = signal.getsignal(signal.SIGINT)
        torch.manual_seed(5)
        net = AttentionUNet(NetworkConfig(**TINY))
        with tempfile.TemporaryDirectory() as folder, \
                contextlib.redirect_stderr(io.StringIO()):
            path = Path(folder, "a.pt")
            with self.assertRaisesRegex(KeyboardInterrupt, r"^step \d$"):
                trainer.train(net, pressed, self.options(), path, None, {})
            self.assertLess(checkpoint.load(path, "optimizer")["step"], 6)
        self.assertIs(signal.getsignal(signal.SIGINT), before)

    def test_rate_anneals_by_time_or_steps(self) -> None:
        o = self.options()
        rates = [trainer.rate_at(10, p / 10, o) for p in range(11)]
        self.assertEqual(rates, sorted(rates, reverse=True))
        self.assertAlmostEqual(rates[-1], 1e-5)
        self.assertLess(trainer.rate_at(0, 0, o), o.rate)


if __name__ == "__main__":
    unittest.main()
