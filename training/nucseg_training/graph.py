# SPDX-License-Identifier: LGPL-2.1-or-later
"""The model file's graph: building it, and running it in PyTorch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from . import limits, safetensors
from .network import depth_to_space, space_to_depth

FORMAT = "nucseg-model/1"
FORMAT_WITH_SCALES = "nucseg-model/2"
ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid}


@dataclass
class Graph:
    """Nodes in an order in which they can run, and their weights."""

    multiple: int
    nodes: list[dict] = field(default_factory=list)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    output: str = ""

    def add(self, name: str, op: str, *inputs: str, **attributes) -> str:
        """Appends a node and returns its name."""
        self.nodes.append({"name": name, "op": op, "inputs": list(inputs),
                           **attributes})
        return name

    def conv(self, name: str, source: str, weight: np.ndarray,
             bias: np.ndarray | None = None, stride: int = 1,
             dilation: int = 1, padding: int = 0, groups: int = 1,
             activation: str = "none") -> str:
        """Appends a convolution with its weight and bias."""
        attributes = {"weight": f"{name}.weight"}
        self.tensors[f"{name}.weight"] = np.asarray(weight, np.float32)
        if bias is not None:
            attributes["bias"] = f"{name}.bias"
            self.tensors[f"{name}.bias"] = np.asarray(bias, np.float32)
        return self.add(name, "conv", source, **attributes, stride=stride,
                        dilation=dilation, padding=padding, groups=groups,
                        activation=activation)

    def mix(self, other: "Graph", share: float) -> None:
        """Weights become (1 - share) x their own + share x the other's: where
        one was trained from the other, the average is often better than both
        (Wortsman et al., arXiv 2109.01903). ValueError for other networks."""
        if ({k: v.shape for k, v in self.tensors.items()}
                != {k: v.shape for k, v in other.tensors.items()}):
            raise ValueError("the weights of another network can't be mixed in")
        for name, value in self.tensors.items():
            self.tensors[name] = ((1 - share) * value + share
                                  * other.tensors[name]).astype(np.float32)

    def to_json(self) -> dict:
        """The file's `graph` object."""
        return {"multiple": self.multiple, "nodes": self.nodes,
                "output": self.output}

    @torch.inference_mode()
    def run(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) to the output, in f32."""
        return self.run_all(x)[self.output]

    @torch.inference_mode()
    def run_all(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The outputs of all nodes, by name."""
        values = {"input": x}
        for node in self.nodes:
            inputs = [values[i] for i in node["inputs"]]
            values[node["name"]] = self._step(node, inputs)
        return values

    def _step(self, node: dict, inputs: list[torch.Tensor]) -> torch.Tensor:
        x, op = inputs[0], node["op"]
        if op == "conv":
            weight = torch.from_numpy(self.tensors[node["weight"]])
            bias = (torch.from_numpy(self.tensors[node["bias"]])
                    if "bias" in node else None)
            y = F.conv2d(x, weight, bias, node.get("stride", 1),
                         node.get("padding", 0), node.get("dilation", 1),
                         node.get("groups", 1))
            act = node.get("activation", "none")
            return y if act == "none" else ACTIVATIONS[act](y)
        if op == "max_pool":
            kernel = node.get("kernel", 2)
            return F.max_pool2d(x, kernel, node.get("stride", kernel))
        if op == "avg_pool":
            return F.adaptive_avg_pool2d(x, node["size"])
        if op == "upsample":
            if node["mode"] == "nearest":
                return F.interpolate(x, scale_factor=2, mode="nearest")
            return F.interpolate(x, scale_factor=2, mode="bilinear",
                                 align_corners=False)
        if op == "concat":
            return torch.cat(inputs, 1)
        if op == "add":
            return sum(inputs[1:], x)
        if op == "mul":
            return x * inputs[1]
        if op == "space_to_depth":
            return space_to_depth(x, node["block"])
        if op == "depth_to_space":
            return depth_to_space(x, node["block"])
        raise ValueError(f"node {node['name']!r}: unknown operation {op!r}")


def save_model(path: Path, graph: Graph, input_json: dict, output_json: dict,
               name: str, **texts: str) -> str:
    """Writes a model file; returns its SHA-256. `texts` may hold
    description, license and source. ValueError, and no file, where the engine
    would refuse it."""
    limits.check_name(name)
    limits.check_decoder(output_json.get("decoder", {}))
    limits.check_weights(graph.tensors)
    limits.check_scales(graph.nodes)
    scales = any("scale" in node for node in graph.nodes)
    metadata = {"format": FORMAT_WITH_SCALES if scales else FORMAT,
                "name": name, **texts}
    for key, value in (("graph", graph.to_json()), ("input", input_json),
                       ("output", output_json)):
        metadata[key] = json.dumps(value, separators=(",", ":"))
    return safetensors.write(path, graph.tensors, metadata)


def load_model(path: Path) -> tuple[Graph, dict, dict, dict[str, str]]:
    """Graph, `input`, `output` and the metadata of a model file that
    save_model() wrote."""
    tensors, metadata = safetensors.read(path)
    if metadata.get("format") not in (FORMAT, FORMAT_WITH_SCALES):
        raise ValueError(f"{path}: format is {metadata.get('format')!r}, "
                         f"expected {FORMAT!r} or {FORMAT_WITH_SCALES!r}")
    missing = [k for k in ("name", "graph", "input", "output")
               if k not in metadata]
    if missing:
        raise ValueError(f"{path}: no {', '.join(missing)} in its metadata, "
                         "which a model file is expected to have")
    g = json.loads(metadata["graph"])
    # The tensors are read-only views of the file; PyTorch wants its own.
    graph = Graph(g["multiple"], g["nodes"],
                  {k: v.copy() for k, v in tensors.items()}, g["output"])
    return (graph, json.loads(metadata["input"]),
            json.loads(metadata["output"]), metadata)
