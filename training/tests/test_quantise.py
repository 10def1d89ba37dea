# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scales for int8: who gets one, who shares one, how large it is."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import fold, graph, quantise
from nucseg_training.network import AttentionUNet, NetworkConfig


def small_graph() -> graph.Graph:
    """A network with all parts, seeded."""
    torch.manual_seed(1)
    net = AttentionUNet(NetworkConfig(widths=(4, 8), aspp_rates=(1, 2)))
    return fold.to_graph(net.eval())


class Scales(unittest.TestCase):
    def test_who(self):
        names = quantise.quantisable(small_graph())
        for name in ("enc0.a", "enc1.pool", "att0", "aspp.concat", "dec0.up",
                     "dec0.concat", "dec0.b"):
            self.assertIn(name, names)
        for name in ("stem", "att0.pool", "att0.reduce", "att0.own",
                     "att0.weights", "head", "maps"):
            self.assertNotIn(name, names)

    def test_groups(self):
        groups = {frozenset(g) for g in quantise.groups(small_graph())}
        # What meets in a concatenation, and what is pooled from it.
        self.assertIn(frozenset(("att0", "enc1.pool", "dec0.reduce", "dec0.up",
                                 "dec0.concat")), groups)
        self.assertIn(frozenset(("enc0.a",)), groups)

    def test_best(self):
        even = [np.linspace(0, 51, 1001, dtype=np.float32)]
        self.assertAlmostEqual(quantise.best_scale(even), 0.2, places=2)
        # One value far out is cut, for the sake of all the others.
        rare = [np.append(even[0].repeat(100), np.float32(200))]
        self.assertLess(quantise.best_scale(rare), 0.95 * 200 / 255)
        self.assertEqual(quantise.best_scale([np.zeros(9, np.float32)]), 1.0)

    def test_file(self):
        g = small_graph()
        frames = [np.random.default_rng(i).random((32, 32), np.float32)
                  for i in range(3)]
        scales = quantise.calibrate(g, frames)
        self.assertEqual(scales, quantise.calibrate(g, frames))
        quantise.apply(g, scales)
        for group in quantise.groups(g):
            self.assertEqual(len({scales[n] for n in group}), 1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.safetensors"
            graph.save_model(path, g, {}, {}, "m")
            loaded, _, _, metadata = graph.load_model(path)
        self.assertEqual(metadata["format"], "nucseg-model/2")
        for node in loaded.nodes:
            self.assertEqual(node.get("scale"), scales.get(node["name"]))


if __name__ == "__main__":
    unittest.main()
