# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scales for int8: which tensors of a graph get one, which share one, and
the value that loses least on calibration images.

Weights are quantised by the engine when it loads a model; a file holds
nothing for int8 but the scales."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from .graph import Graph

STEPS = 255
SAME_SCALE = ("max_pool", "upsample", "concat")


def quantisable(graph: Graph) -> list[str]:
    """Nodes that can have a scale, in the graph's order: rectified
    convolutions of whole maps, and what hands their steps on. Pooled averages
    and all that follows from them alone stays f32, and so does the output."""
    small: set[str] = set()
    found: list[str] = []
    for node in graph.nodes:
        name, op, inputs = node["name"], node["op"], node["inputs"]
        if op == "avg_pool" or all(i in small for i in inputs):
            small.add(name)
        elif name == graph.output:
            continue
        elif op == "conv":
            if node.get("activation") == "relu":
                found.append(name)
        elif op == "mul":
            if inputs[0] in found:
                found.append(name)
        elif op in SAME_SCALE and all(i in found for i in inputs):
            found.append(name)
    return found


def groups(graph: Graph) -> list[list[str]]:
    """The quantisable nodes, those together that must have one scale."""
    names = quantisable(graph)
    of = {name: [name] for name in names}
    for node in graph.nodes:
        if node["name"] not in of or node["op"] not in SAME_SCALE:
            continue
        for source in node["inputs"]:
            one, two = of[node["name"]], of[source]
            if one is two:
                continue
            one.extend(two)
            for name in two:
                of[name] = one
    unique = {id(group): group for group in of.values()}
    return [sorted(group, key=names.index) for group in unique.values()]


def best_scale(samples: list[np.ndarray]) -> float:
    """The step with the least squared error, relative to each tensor's own
    mean square, so that a quiet tensor of a group counts like a loud one."""
    top = max(float(s.max()) for s in samples)
    if not top > 0:
        return 1.0
    best, least = top, np.inf
    for share in np.linspace(0.2, 1.0, 81):
        step = share * top / STEPS
        error = 0.0
        for s in samples:
            q = np.clip(np.rint(s / step), 0, STEPS) * step
            error += float(((q - s) ** 2).mean()) / max(
                float((s ** 2).mean()), 1e-30)
        if error < least:
            best, least = share * top, error
    return best / STEPS


def calibrate(graph: Graph, inputs: Iterable[np.ndarray], seed: int = 1,
              per_image: int = 4096) -> dict[str, float]:
    """A scale for every quantisable node. @inputs: prepared frames, (H, W);
    @per_image: values that are drawn of each tensor of each frame."""
    random = np.random.default_rng(seed)
    found = groups(graph)
    ops = {node["name"]: node["op"] for node in graph.nodes}
    # What hands steps on has no error of its own.
    sources = [n for g in found for n in g if ops[n] not in SAME_SCALE]
    samples: dict[str, list[np.ndarray]] = {n: [] for n in sources}
    for x in inputs:
        values = graph.run_all(torch.from_numpy(x)[None, None])
        for name in sources:
            v = values[name].numpy().ravel()
            drawn = v[random.integers(0, v.size, per_image)]
            # The largest belongs to the range, however rare it is.
            samples[name].append(np.append(drawn, v.max()))
    scales = {}
    for group in found:
        own = [np.concatenate(samples[n]) for n in group if n in samples]
        scale = float(np.float32(best_scale(own)))
        scales.update({name: scale for name in group})
    return scales


def apply(graph: Graph, scales: dict[str, float]) -> None:
    """Writes the scales into the graph's nodes; others lose theirs."""
    for node in graph.nodes:
        node.pop("scale", None)
        if node["name"] in scales:
            node["scale"] = scales[node["name"]]
