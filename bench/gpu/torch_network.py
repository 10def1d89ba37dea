#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network of a model file in PyTorch: time of a forward pass on a GPU,
eager and compiled (max-autotune, CUDA graphs), in bf16 and channels-last.

The graph is read from the safetensors file itself, so it is the same network
with the same weights. Input and output stay on the GPU; each pass is timed
from its launch until the GPU has finished.
"""
import argparse
import json
import struct
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def read_model(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The graph and the tensors of a model file."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + begin:8 + length + end], "<f4")
        tensors[name] = values.reshape(entry["shape"]).copy()
    return json.loads(metadata["graph"]), tensors


def sort_nodes(nodes: list[dict]) -> list[dict]:
    """Each node behind its inputs."""
    done, order, waiting = {"input"}, [], list(nodes)
    while waiting:
        ready = [n for n in waiting if all(i in done for i in n["inputs"])]
        if not ready:
            raise ValueError("the graph has a cycle or an unknown input")
        order += ready
        done |= {n["name"] for n in ready}
        waiting = [n for n in waiting if n["name"] not in done]
    return order


class Network(nn.Module):
    """Node by node; docs/model-format.md says what each operation does."""

    def __init__(self, graph: dict, tensors: dict[str, np.ndarray]):
        super().__init__()
        self.nodes = sort_nodes(graph["nodes"])
        self.output = graph["output"]
        self.tensors = nn.ParameterDict({
            name.replace(".", "/"): nn.Parameter(torch.from_numpy(value),
                                                 requires_grad=False)
            for name, value in tensors.items()})

    def tensor(self, name: str | None) -> torch.Tensor | None:
        return self.tensors[name.replace(".", "/")] if name else None

    def step(self, node: dict, x: list[torch.Tensor]) -> torch.Tensor:
        op = node["op"]
        if op == "conv":
            y = F.conv2d(x[0], self.tensor(node["weight"]),
                         self.tensor(node.get("bias")), node.get("stride", 1),
                         node.get("padding", 0), node.get("dilation", 1),
                         node.get("groups", 1))
            activation = node.get("activation", "none")
            return (F.relu(y) if activation == "relu" else
                    torch.sigmoid(y) if activation == "sigmoid" else y)
        if op == "max_pool":
            kernel = node.get("kernel", 2)
            return F.max_pool2d(x[0], kernel, node.get("stride", kernel))
        if op == "avg_pool":
            return F.adaptive_avg_pool2d(x[0], node["size"])
        if op == "upsample":
            if node["mode"] == "nearest":
                return F.interpolate(x[0], scale_factor=2, mode="nearest")
            return F.interpolate(x[0], scale_factor=2, mode="bilinear",
                                 align_corners=False)
        if op == "concat":
            return torch.cat(x, 1)
        if op == "add":
            return torch.stack(x).sum(0) if len(x) > 2 else x[0] + x[1]
        if op == "mul":
            return x[0] * x[1]
        block = node["block"]
        n, c, h, w = x[0].shape
        if op == "space_to_depth":  # offsets slow, channels fast
            y = x[0].view(n, c, h // block, block, w // block, block)
            return y.permute(0, 3, 5, 1, 2, 4).reshape(
                n, c * block * block, h // block, w // block)
        if op == "depth_to_space":
            y = x[0].view(n, block, block, c // block**2, h, w)
            return y.permute(0, 3, 4, 1, 5, 2).reshape(
                n, c // block**2, h * block, w * block)
        raise ValueError(f"no operation {op}")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = {"input": x}
        for node in self.nodes:
            values[node["name"]] = self.step(
                node, [values[name] for name in node["inputs"]])
        return values[self.output]


def measure(run, seconds: float, most: int) -> dict:
    """Milliseconds of single passes, the host waiting for each."""
    times = []
    end = time.monotonic() + seconds
    while len(times) < most and (len(times) < 20 or time.monotonic() < end):
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return {"passes": len(times), "min_ms": min(times),
            "p50_ms": float(np.percentile(times, 50)),
            "p99_ms": float(np.percentile(times, 99))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--way", choices=("eager", "max-autotune"),
                        default="eager")
    parser.add_argument("--size", type=int, default=512, help="a side")
    parser.add_argument("--passes", type=int, default=10000, help="at most")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("torch_network: PyTorch sees no GPU", file=sys.stderr)
        return 77
    torch.backends.cudnn.benchmark = True
    graph, tensors = read_model(args.model)
    network = Network(graph, tensors).eval().cuda().to(
        torch.bfloat16, memory_format=torch.channels_last)
    x = torch.rand(1, 1, args.size, args.size, device="cuda",
                   dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    run = (network if args.way == "eager" else
           torch.compile(network, mode="max-autotune"))
    start = time.monotonic()
    with torch.inference_mode():
        for _ in range(10):
            run(x)
        torch.cuda.synchronize()
        row = {"way": args.way, "precision": "bf16", "size": args.size,
               "start_s": time.monotonic() - start,
               "torch": torch.__version__, "cuda": torch.version.cuda,
               "cudnn": torch.backends.cudnn.version(),
               "gpu": torch.cuda.get_device_name(),
               **measure(lambda: run(x), args.seconds, args.passes)}
    print(f"{args.way:13} {args.size:5} p50 {row['p50_ms']:.3f} ms "
          f"p99 {row['p99_ms']:.3f} ms", flush=True)
    if args.json:
        args.json.write_text(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
