# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starting from a model file: the same network, a wider one, one at twice the
resolution, one with a stage in front."""

import unittest
from dataclasses import replace

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import fold, graph, start, trainer
from nucseg_training.network import AttentionUNet, ConvBnAct, NetworkConfig

SMALL = NetworkConfig(widths=(4, 6, 8))


def model(config: NetworkConfig) -> graph.Graph:
    """A network's graph, with statistics and heads that are not trivial."""
    torch.manual_seed(2)
    net = AttentionUNet(config).eval()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, ConvBnAct):
                m.norm.running_mean.uniform_(-0.3, 0.3)
                m.norm.running_var.uniform_(0.5, 1.5)
                m.norm.bias.uniform_(-0.2, 0.3)
        net.head.weight.normal_(std=0.5)
    return fold.to_graph(net)


class Start(unittest.TestCase):
    def setUp(self) -> None:
        self.file = model(SMALL)
        self.x = torch.rand(3, 1, 64, 96)

    def started(self, config: NetworkConfig, fresh: int = 0
                ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the network makes of x in evaluation and in training."""
        torch.manual_seed(7)
        net = AttentionUNet(config)
        self.assertEqual(len(start.take_weights(net, self.file)), fresh)
        start.restore_norms(net, [self.x])
        with torch.no_grad():
            return net.eval()(self.x), net.train()(self.x)[:, :3]

    def test_configuration_is_found_in_the_graph(self) -> None:
        for change in ({}, {"use_ce": False}, {"use_aspp": False},
                       {"use_sap": False, "use_ce": False}, {"stem": 1},
                       {"stem": 1, "first_convs": 1}, {"first_kernel": 5},
                       {"deepest_dilation": 4}, {"refine": 6}):
            config = replace(SMALL, **change)
            self.assertEqual(start.config_of(model(config)), config)

    def test_same_and_wider_networks_compute_the_same(self) -> None:
        expected = self.file.run(self.x)
        for widths in ((4, 6, 8), (4, 8, 8), (6, 10, 12)):
            for got in self.started(replace(SMALL, widths=widths)):
                self.assertLess(float((got - expected).abs().max()), 1e-4)

    def test_twice_the_resolution_is_the_frame_shown_twice_as_large(self
                                                                    ) -> None:
        large = self.file.run(F.interpolate(self.x, scale_factor=2,
                                            mode="bilinear"))
        expected = F.avg_pool2d(large, 2)
        expected[:, 1:] /= 2
        config = start.at_twice_the_resolution(SMALL)
        got = self.started(config)[0]
        # Borders differ (and through SAP, a little, everything): zeros around
        # the frame stand for other places than before.
        inner = (got - expected)[..., 16:-16, 16:-16].abs()
        self.assertLess(float(inner.mean()), 0.1 * float(expected.std()))
        with self.assertRaises(ValueError):
            start.at_twice_the_resolution(config)
        # nuclei-live has a refinement, which is for a stem of 2 alone.
        self.file = model(replace(SMALL, refine=4))
        self.started(start.at_twice_the_resolution(replace(SMALL, refine=4)))

    def test_refinement_corrects_nothing_to_begin_with(self) -> None:
        expected = self.file.run(self.x)
        for got in self.started(replace(SMALL, refine=4), fresh=4):
            self.assertLess(float((got - expected).abs().max()), 1e-4)

    def test_a_stage_in_front_takes_the_rest(self) -> None:
        config = NetworkConfig(stem=1, first_convs=1, widths=(4, 4, 6, 8))
        net = AttentionUNet(config)
        fresh = start.take_weights(net, self.file)
        self.assertEqual(sorted(fresh), sorted([
            "enc0.a", "enc1.a", "att0.reduce", "att0.own", "att1.expand",
            "dec0.reduce", "dec0.a", "head"]))
        self.assertTrue(torch.equal(
            net.encoder[2]["a"].conv.weight,
            torch.from_numpy(self.file.tensors["enc1.a.weight"])))

    def test_other_graphs_are_refused(self) -> None:
        g = graph.Graph(1)
        g.output = g.conv("maps", "input", torch.ones(1, 1, 1, 1).numpy())
        with self.assertRaisesRegex(ValueError, "enc0.a, enc1.a and head"):
            start.config_of(g)


class Numbered:
    """Batch i holds the number i."""

    def __call__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((1,), float(number)), torch.full((1,), number)


class Batches(unittest.TestCase):
    def test_workers_and_thread_give_the_same_order(self) -> None:
        o = trainer.TrainOptions(9, 1e9, 1e-3, 2, 1e-4, 0.9, 16.0, 1e9, 1,
                                 False)
        for workers in (0, 2):
            found = []
            for x, y in trainer.batches(Numbered(), 3,
                                        replace(o, workers=workers)):
                found.append((float(x), int(y)))
                if len(found) == 6:
                    break
            self.assertEqual(found, [(float(i), i) for i in range(3, 9)])


if __name__ == "__main__":
    unittest.main()
