# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starting from the weights of a model file: for fine-tuning the same network,
or for a wider or deeper one that computes the same to begin with.

A model file has no batch norm: it is folded into the convolutions. It comes
back with the statistics of the first batches, so that each norm at first
undoes what it does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from .graph import Graph
from .network import AttentionUNet, ConvBnAct, NetworkConfig, space_to_depth


def config_of(graph: Graph) -> NetworkConfig:
    """The configuration of the AttentionUNet that a graph was folded from;
    ValueError where the graph is of another design."""
    nodes = {n["name"]: n for n in graph.nodes}
    widths = []
    while f"enc{len(widths)}.a" in nodes:
        widths.append(int(graph.tensors[f"enc{len(widths)}.a.weight"].shape[0]))
    if len(widths) < 2 or "head.weight" not in graph.tensors:
        raise ValueError("the model's graph is not of this training's "
                         "attention U-Net: nodes enc0.a, enc1.a and head are "
                         "expected")
    rates = [int(m.group(1)) for n in nodes
             if (m := re.fullmatch(r"aspp\.(\d+)", n))]
    stem = nodes["stem"]["block"] if "stem" in nodes else 1
    return replace(
        NetworkConfig(), widths=tuple(widths), stem=stem,
        first_convs=2 if "enc0.b" in nodes else 1,
        first_kernel=int(graph.tensors["enc0.a.weight"].shape[-1]),
        refine=(int(graph.tensors["refine.mix.weight"].shape[0])
                if "refine.mix" in nodes else 0),
        deepest_dilation=nodes[f"enc{len(widths) - 1}.a"]["dilation"],
        use_aspp=bool(rates), aspp_rates=tuple(rates) or (1, 6, 12, 18),
        use_sap="att0.own" in nodes, use_ce="att1.expand" in nodes)


def _layers(net: AttentionUNet) -> dict[str, tuple[nn.Module, list[int]]]:
    """The layers by their names in the graph, each with the widths of the
    tensors whose concatenation it reads."""
    c = net.config
    out: dict[str, tuple[nn.Module, list[int]]] = {}
    before = c.stem * c.stem
    for i, (stage, width) in enumerate(zip(net.encoder, c.widths)):
        out[f"enc{i}.a"] = stage["a"], [before]
        if "b" in stage:
            out[f"enc{i}.b"] = stage["b"], [width]
        before = width
    for i, a in enumerate(net.attention):
        out[f"att{i}.reduce"] = a.reduce, [1]
        out[f"att{i}.own"] = a.gate, [c.widths[i]]
        if a.expand is not None:
            out[f"att{i}.expand"] = a.expand, [c.widths[i - 1]]
    if net.aspp is not None:
        for r, branch in zip(c.aspp_rates, net.aspp.branches):
            out[f"aspp.{r}"] = branch, [before]
        out["aspp"] = net.aspp.project, [before // 2] * len(c.aspp_rates)
    for i, block in zip(reversed(range(len(c.widths) - 1)), net.decoder):
        width = c.widths[i]
        out[f"dec{i}.reduce"] = block.reduce, [c.widths[i + 1]]
        out[f"dec{i}.a"] = block.a, [width, width]
        if block.b is not None:
            out[f"dec{i}.b"] = block.b, [width]
    out["head"] = net.head, [c.widths[0]]
    if net.refine is not None:
        r = net.refine
        out["refine.detail"] = r.detail, [1]
        out["refine.reduce"] = r.reduce, [c.widths[0]]
        out["refine.mix"] = r.mix, [c.refine, c.refine]
        out["refine.head"] = r.head, [c.refine]
    return out


def _embed(new: torch.Tensor, old: torch.Tensor, blocks: list[int],
           old_blocks: list[int]) -> bool:
    """Writes the weights `old` into the larger `new`, whose further input
    channels at first say nothing to the outputs that `old` had. False where
    they do not fit."""
    if (new.shape[2:] != old.shape[2:] or len(blocks) != len(old_blocks)
            or new.shape[0] < old.shape[0]
            or any(n < o for n, o in zip(blocks, old_blocks))):
        return False
    n = old.shape[0]
    new[:n] = 0
    to = since = 0
    for wide, narrow in zip(blocks, old_blocks):
        new[:n, to:to + narrow] = old[:, since:since + narrow]
        to, since = to + wide, since + narrow
    return True


def at_twice_the_resolution(c: NetworkConfig) -> NetworkConfig:
    """The configuration of a network that does at the full resolution what one
    with a stem of 2 does at half of it: with the frame shown twice as large."""
    if c.stem != 2 or c.first_kernel != 3:
        raise ValueError(f"a stem of 2 and a first kernel of 3 are expected, "
                         f"not {c.stem} and {c.first_kernel}")
    # A refinement is at full resolution already, and for a stem of 2 alone.
    return replace(c, stem=1, first_kernel=5, refine=0)


def _magnified(graph: Graph) -> dict[str, torch.Tensor]:
    """The tensors of a network with a stem of 2 for one at twice the
    resolution: the first convolution reads the frame as if it were first
    magnified by bilinear interpolation, the maps are the means of 2x2."""
    tensors = {k: torch.from_numpy(v) for k, v in graph.tensors.items()}
    first = tensors["enc0.a.weight"]
    point = torch.zeros(1, 1, 12, 12)
    point[0, 0, 6, 6] = 1
    phases = space_to_depth(F.interpolate(point, scale_factor=2,
                                          mode="bilinear"), 2)
    answer = F.conv2d(phases, first, padding=1)[0]
    tensors["enc0.a.weight"] = answer[:, None, 4:9, 4:9].flip(-2, -1)
    for name in ("head.weight", "head.bias"):
        # Channel (dy * 2 + dx) * maps + map: the cells are the slow index.
        t = tensors[name]
        t = t.unflatten(0, (4, len(t) // 4)).mean(0)
        t[1:] /= 2  # offsets are in pixels of half the size
        tensors[name] = t
    return tensors


@torch.no_grad()
def take_weights(net: AttentionUNet, graph: Graph) -> list[str]:
    """Fills a network with a model file's weights; returns the names of the
    layers that had none and keep their random ones (a deeper network's; the
    outputs for training alone always do).

    A network with more stages than the file's takes those of the file as its
    deeper ones; with as many stages and half the stem it must be the one that
    at_twice_the_resolution() gives, or wider."""
    config = config_of(graph)
    shift = len(net.config.widths) - len(config.widths)
    if shift == 0 and net.config.stem < config.stem:
        tensors, config = _magnified(graph), at_twice_the_resolution(config)
    else:
        tensors = {k: torch.from_numpy(v) for k, v in graph.tensors.items()}
    old = _layers(AttentionUNet(config))
    fresh = []
    for name, (layer, blocks) in _layers(net).items():
        was = name
        if m := re.fullmatch(r"(enc|att|dec)(\d+)(\..*)", name):
            was = f"{m.group(1)}{int(m.group(2)) - shift}{m.group(3)}"
        weight = tensors.get(f"{was}.weight")
        # The file's first convolution reads the frame, not a stage in front.
        unlike = shift > 0 and was in ("enc0.a", "head")
        conv = layer.conv if isinstance(layer, ConvBnAct) else layer
        if weight is None or unlike or not _embed(conv.weight, weight, blocks,
                                                  old[was][1]):
            fresh.append(name)
            continue
        bias = tensors[f"{was}.bias"]
        if isinstance(layer, ConvBnAct):
            layer.norm.bias[:len(bias)] = bias
        else:
            conv.bias[:len(bias)] = bias
    return fresh


@torch.no_grad()
def restore_norms(net: AttentionUNet, batches: Iterable[torch.Tensor]) -> None:
    """Gives each batch norm the mean and deviation of what reaches it in the
    batches, as statistics and as its own shift and gain, so that the network
    computes in training mode what its folded convolutions computed."""
    x = torch.cat(list(batches))
    hooks = []

    def before(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor]) -> None:
        y = inputs[0].float()
        mean = y.mean((0, 2, 3))
        var = y.var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)
        norm.bias.add_(mean)
        norm.weight.copy_((var + norm.eps).sqrt())

    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            hooks.append(m.register_forward_pre_hook(before))
    was = net.training
    net.eval()(x)
    net.train(was)
    for h in hooks:
        h.remove()
