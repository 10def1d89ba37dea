# SPDX-License-Identifier: LGPL-2.1-or-later
"""The run times that bench/peers compares ours with: each as a function that
runs one frame, and GStreamer's onnxinference as a pipeline that is timed."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent
OURS = ("f32", "bf16", "int8")


def write_onnx(model: str, size: int, path: Path) -> None:
    """The model file's network as ONNX."""
    sys.path.insert(0, str(ROOT / "training"))
    from nucseg_training import onnx_file, safetensors

    tensors, metadata = safetensors.read(Path(model))
    graph = json.loads(metadata["graph"])
    maps = len(json.loads(metadata["output"])["maps"])
    onnx_file.write(path, SimpleNamespace(**graph, tensors=tensors), maps, size,
                    size, metadata["name"])


def frame(size: int, seed: int):
    """What the network sees: bright blobs on a dark ground, about 0 to 1."""
    import numpy as np

    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    image = np.zeros((size, size), np.float32)
    for _ in range(size * size // 2600):
        cy, cx = random.uniform(0, size, 2)
        r = random.uniform(8, 14)
        y0, y1 = max(int(cy - 2 * r), 0), int(cy + 2 * r)
        x0, x1 = max(int(cx - 2 * r), 0), int(cx + 2 * r)
        d = np.hypot(y[y0:y1, x0:x1] - cy, x[y0:y1, x0:x1] - cx)
        blob = random.uniform(0.4, 1) / (1 + np.exp((d - r) / 2))
        image[y0:y1, x0:x1] = np.maximum(image[y0:y1, x0:x1], blob)
    image += random.normal(0, 0.02, image.shape).astype(np.float32)
    return image[None, None]


def onnx_runtime(path: Path, threads: int):
    """A function that runs one frame."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})


def openvino(path: Path, threads: int, precision: str, size: int):
    """The same, in f32, bf16 or int8 (quantised here)."""
    import openvino as ov

    core = ov.Core()
    model = core.read_model(str(path))
    if precision == "int8":
        import nncf

        model = nncf.quantize(
            model, nncf.Dataset([frame(size, i) for i in range(30)]),
            preset=nncf.QuantizationPreset.MIXED)
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(threads),
    })
    request = compiled.create_infer_request()
    return lambda x: request.infer([x], share_inputs=True, share_outputs=True)


def pytorch(model: Path, threads: int, precision: str, compiled: bool):
    """The same in PyTorch, f32 or bf16, the graph's nodes as they are or
    compiled by TorchInductor."""
    sys.path.insert(0, str(ROOT / "bench/gpu"))
    import torch

    import torch_network

    torch.set_num_threads(threads)
    graph, tensors = torch_network.read_model(model)
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    network = torch_network.Network(graph, tensors).eval().to(
        kind, memory_format=torch.channels_last)
    forward = (torch.compile(network, mode="max-autotune-no-cudagraphs")
               if compiled else network)

    @torch.inference_mode()
    def run(x):
        y = torch.from_numpy(x).to(kind).contiguous(
            memory_format=torch.channels_last)
        return forward(y).float().numpy()

    return run


def write_rgb_onnx(path: Path, out: Path) -> None:
    """The network of an ONNX file as onnxinference takes it: colour planes in,
    of which its first node makes grey, and a name for the output's tensor."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    source = graph.input[0]
    shape = [d.dim_value for d in source.type.tensor_type.shape.dim]
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == source.name:
                node.input[i] = "grey"
    luma = np.array([0.299, 0.587, 0.114], np.float32).reshape(1, 3, 1, 1)
    graph.initializer.append(numpy_helper.from_array(luma, "luma"))
    graph.node.insert(0, helper.make_node(
        "Conv", ["input", "luma"], ["grey"], name="grey", kernel_shape=[1, 1]))
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info(
        "input", TensorProto.FLOAT, [1, 3, *shape[2:]]))
    entry = model.metadata_props.add()
    entry.key, entry.value = graph.output[0].name, "nucseg-maps"
    onnx.checker.check_model(model)
    onnx.save(model, str(out))


def has_onnxinference() -> bool:
    """Whether this GStreamer has the element."""
    try:
        return not subprocess.run(["gst-inspect-1.0", "--exists",
                                   "onnxinference"]).returncode
    except OSError:
        return False


def time_elements(build: Path, model: str, rgb: Path | None, size: int,
                  frames: int, threads: int, precisions: list[str],
                  environment: dict[str, str]) -> dict[str, float]:
    """Medians, in milliseconds, from pad to pad, of nucsegfilter in each
    precision that this CPU has, from GRAY8; with the network for RGB frames
    `rgb` from RGB, and of onnxinference too, whose threads can't be chosen."""
    program = [build / "bench/element-bench", "--format",
               "RGB" if rgb else "GRAY8", "--frames", str(frames), "--sizes",
               str(size)]
    ways = {}
    if rgb:
        ways["onnxinference f32"] = [
            "--element", f"onnxinference model-file=\"{rgb}\" "
            "input-image-format=chw input-tensor-scale=255 "
            "optimization-level=enable-all"]
    for precision in precisions:
        ways[f"nucsegfilter {precision}"] = [
            "--backends", "onednn", "--precisions", precision, "--model", model,
            "--threads", str(threads)]
    found = {}
    for name, arguments in ways.items():
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            subprocess.run(program + arguments + ["--json", file.name],
                           check=True, stdout=subprocess.DEVNULL,
                           env=environment)
            row = json.loads(Path(file.name).read_text())[0]
        found[name] = row["pads_p50_ms"]
    return found


def time_frames(run, x, n: int) -> float:
    """Median of n frames, in milliseconds."""
    times = []
    for i in range(n + 3):
        start = time.perf_counter()
        run(x)
        if i >= 3:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)
