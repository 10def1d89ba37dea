# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a trained network to the model file's graph: batch norm folded into
the convolutions, auxiliary outputs dropped."""

from __future__ import annotations

import numpy as np
from torch import nn

from .graph import Graph
from .network import AttentionUNet, ConvBnAct


def _array(t) -> np.ndarray:
    return t.detach().cpu().numpy().astype(np.float64)


def _folded(m: ConvBnAct) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a convolution with its batch norm, in f64."""
    n = m.norm
    gain = _array(n.weight) / np.sqrt(_array(n.running_var) + n.eps)
    weight = _array(m.conv.weight) * gain[:, None, None, None]
    return weight, _array(n.bias) - _array(n.running_mean) * gain


def _conv_relu(g: Graph, name: str, source: str, m: ConvBnAct) -> str:
    weight, bias = _folded(m)
    c = m.conv
    return g.conv(name, source, weight, bias, dilation=c.dilation[0],
                  padding=c.padding[0], groups=c.groups, activation="relu")


def _pointwise(g: Graph, name: str, source: str, m: nn.Conv2d,
               activation: str) -> str:
    return g.conv(name, source, _array(m.weight), _array(m.bias),
                  activation=activation)


def to_graph(net: AttentionUNet) -> Graph:
    """The network's graph, as the engine runs it."""
    c = net.config
    g = Graph(c.multiple)
    x = "input"
    if c.stem > 1:
        x = g.add("stem", "space_to_depth", x, block=c.stem)
    skips: list[str] = []
    lower = ""
    for i, stage in enumerate(net.encoder):
        if i:
            x = g.add(f"enc{i}.pool", "max_pool", x, kernel=2, stride=2)
        for part, conv in stage.items():
            x = _conv_relu(g, f"enc{i}.{part}", x, conv)
        if net.attention:
            a = net.attention[i]
            p = g.add(f"att{i}.pool", "avg_pool", x, size=[a.grid, a.grid])
            p = _conv_relu(g, f"att{i}.reduce", p, a.reduce)
            own = _pointwise(g, f"att{i}.own", p, a.gate, "sigmoid")
            other = own
            if a.expand is not None:
                other = _pointwise(g, f"att{i}.expand", lower, a.expand,
                                   "sigmoid")
            weights = g.add(f"att{i}.weights", "add", own, other)
            x = g.add(f"att{i}", "mul", x, weights)
            lower = own
        skips.append(x)
    if net.aspp is not None:
        parts = [_conv_relu(g, f"aspp.{r}", x, b)
                 for r, b in zip(c.aspp_rates, net.aspp.branches)]
        x = g.add("aspp.concat", "concat", *parts)
        x = _conv_relu(g, "aspp", x, net.aspp.project)
    for i, block in zip(reversed(range(len(c.widths) - 1)), net.decoder):
        x = _conv_relu(g, f"dec{i}.reduce", x, block.reduce)
        x = g.add(f"dec{i}.up", "upsample", x, mode="bilinear")
        x = g.add(f"dec{i}.concat", "concat", x, skips[i])
        for part, conv in (("a", block.a), ("b", block.b)):
            if conv is not None:
                x = _conv_relu(g, f"dec{i}.{part}", x, conv)
    g.output = _pointwise(g, "head", x, net.head, "none")
    if c.stem > 1:
        g.output = g.add("maps" if net.refine is None else "coarse",
                         "depth_to_space", g.output, block=c.stem)
    if net.refine is not None:
        r = net.refine
        y = _conv_relu(g, "refine.detail", "input", r.detail)
        x = _conv_relu(g, "refine.reduce", x, r.reduce)
        x = g.add("refine.up", "upsample", x, mode="bilinear")
        x = g.add("refine.concat", "concat", x, y)
        x = _conv_relu(g, "refine.mix", x, r.mix)
        x = _pointwise(g, "refine.head", x, r.head, "none")
        g.output = g.add("maps", "add", g.output, x)
    return g
