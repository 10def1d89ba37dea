# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same graph as an ONNX file of a fixed size, for other run times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:  # it needs PyTorch, this file does not
    from .graph import Graph

OPSET = 17


def _cells(size: int, cells: int) -> np.ndarray:
    """(cells, size) f32: row i has the weights of the mean over the cell i of an
    adaptive pool, which are 0 outside of it."""
    weights = np.zeros((cells, size), np.float32)
    for i in range(cells):
        first, end = i * size // cells, -(-(i + 1) * size // cells)
        weights[i, first:end] = 1 / (end - first)
    return weights


def write(path: Path, graph: Graph, maps: int, height: int, width: int,
          name: str) -> None:
    """Writes `graph` for inputs of (1, 1, height, width)."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = [
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales")]
    sizes = {"input": (1, height, width)}
    matrices: dict[str, np.ndarray] = {}
    for t, value in graph.tensors.items():
        constants.append(numpy_helper.from_array(value, t))

    def emit(op: str, inputs: list[str], output: str, **attributes) -> None:
        nodes.append(helper.make_node(op, inputs, [output], name=output,
                                      **attributes))

    for n in graph.nodes:
        out, src, op = n["name"], n["inputs"], n["op"]
        c, h, w = sizes[src[0]]
        if op == "conv":
            weight = graph.tensors[n["weight"]]
            k, p = weight.shape[2:], n.get("padding", 0)
            d, s = n.get("dilation", 1), n.get("stride", 1)
            act = n.get("activation", "none")
            raw = out if act == "none" else f"{out}.linear"
            emit("Conv", [src[0], n["weight"]] + [n["bias"]] * ("bias" in n),
                 raw, kernel_shape=k, pads=[p] * 4, dilations=[d, d],
                 strides=[s, s], group=n.get("groups", 1))
            if act != "none":
                emit({"relu": "Relu", "sigmoid": "Sigmoid"}[act], [raw], out)
            c = weight.shape[0]
            h, w = ((v + 2 * p - d * (q - 1) - 1) // s + 1
                    for v, q in zip((h, w), k))
        elif op == "max_pool":
            k = n.get("kernel", 2)
            s = n.get("stride", k)
            emit("MaxPool", src, out, kernel_shape=[k, k], strides=[s, s])
            h, w = (h - k) // s + 1, (w - k) // s + 1
        elif op == "avg_pool":
            a, b = n["size"]
            if h % a == 0 and w % b == 0:
                k = [h // a, w // b]
                emit("AveragePool", src, out, kernel_shape=k, strides=k)
            else:
                # ONNX has no adaptive pool: the means over cells of rows, then
                # of columns, as products with matrices.
                rows, columns = f"cells.{a}x{h}", f"cells.{w}x{b}"
                matrices[rows], matrices[columns] = _cells(h, a), _cells(w, b).T
                emit("MatMul", [rows, src[0]], f"{out}.rows")
                emit("MatMul", [f"{out}.rows", columns], out)
            h, w = a, b
        elif op == "upsample":
            if n["mode"] == "nearest":
                emit("Resize", [src[0], "", "scales"], out, mode="nearest",
                     coordinate_transformation_mode="asymmetric",
                     nearest_mode="floor")
            else:
                emit("Resize", [src[0], "", "scales"], out, mode="linear",
                     coordinate_transformation_mode="half_pixel")
            h, w = 2 * h, 2 * w
        elif op == "concat":
            emit("Concat", src, out, axis=1)
            c = sum(sizes[i][0] for i in src)
        elif op == "add":
            total = src[0]
            for i, other in enumerate(src[1:]):
                part = out if i == len(src) - 2 else f"{out}.{i}"
                emit("Add", [total, other], part)
                total = part
        elif op == "mul":
            emit("Mul", src, out)
        elif op == "space_to_depth":
            b = n["block"]
            emit("SpaceToDepth", src, out, blocksize=b)
            c, h, w = c * b * b, h // b, w // b
        elif op == "depth_to_space":
            b = n["block"]
            emit("DepthToSpace", src, out, blocksize=b, mode="DCR")
            c, h, w = c // (b * b), h * b, w * b
        else:
            raise ValueError(f"node {out!r}: unknown operation {op!r}")
        sizes[out] = (c, h, w)
    if graph.output != "maps":
        emit("Identity", [graph.output], "maps")
    constants += [numpy_helper.from_array(value, t)
                  for t, value in matrices.items()]
    proto = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT,
                                       [1, 1, height, width])],
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT,
                                       [1, maps, height, width])],
        constants)
    model = helper.make_model(proto, producer_name="nucsegfilter",
                              opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
