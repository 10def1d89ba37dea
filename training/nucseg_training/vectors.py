# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small seeded networks and cases for the engine's tests, with what PyTorch
and the numpy twins make of them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from . import fold, graph, safetensors
from .decode import OutputSpec, decode
from .network import AttentionUNet, ConvBnAct, NetworkConfig
from .prepare import InputSpec, prepare


def _save_network(folder: Path, g: graph.Graph, name: str, size: tuple,
                  rng: np.random.Generator, net: torch.nn.Module | None
                  ) -> None:
    """The model file and the vectors of one network; where the network exists
    as a module too, its output is the one that is kept."""
    graph.save_model(folder / f"{name}.safetensors", g, InputSpec().to_json(),
                     OutputSpec(min_area=4).to_json(), name,
                     description="Random weights, for tests")
    x = rng.random((1, 1, *size), np.float32) * 1.75 - 0.25
    out = g.run(torch.from_numpy(x)).numpy()
    if net is not None:
        with torch.inference_mode():
            module = net(torch.from_numpy(x)).numpy()
        if np.abs(module - out).max() > 1e-4:
            raise ArithmeticError(f"{name}: graph and network differ")
        out = module
    safetensors.write(folder / f"{name}.vectors.safetensors",
                      {"input": x, "output": out}, {})


def attention_network(folder: Path) -> None:
    """The attention U-Net at a width of 4 to 12."""
    torch.manual_seed(11)
    net = AttentionUNet(NetworkConfig(widths=(4, 8, 8, 12), aux=())).eval()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, ConvBnAct):
                # A trained network's statistics are neither 0 nor 1.
                m.norm.running_mean.uniform_(-0.3, 0.3)
                m.norm.running_var.uniform_(0.5, 1.5)
                m.norm.weight.uniform_(0.7, 1.3)
                m.norm.bias.uniform_(-0.2, 0.3)
        net.head.weight.normal_(std=0.5)
        net.head.bias.uniform_(-0.5, 0.5)
    _save_network(folder, fold.to_graph(net), "attention-tiny", (48, 64),
                  np.random.default_rng(11), net)


def operation_zoo(folder: Path) -> None:
    """Every operation, with attributes that differ from their defaults, and
    sides that differ, so that a mix-up of height and width shows."""
    rng = np.random.default_rng(12)
    g = graph.Graph(multiple=8)

    def weights(o: int, i: int, kh: int, kw: int | None = None) -> np.ndarray:
        kw = kw or kh
        return rng.normal(0, (2 / (i * kh * kw)) ** 0.5, (o, i, kh, kw))

    def bias(n: int) -> np.ndarray:
        return rng.uniform(-0.3, 0.5, n)

    a = g.conv("first", "input", weights(6, 1, 5), bias(6), padding=2,
               activation="relu")
    half = g.conv("strided", a, weights(8, 6, 3), stride=2, padding=1,
                  activation="relu")
    grouped = g.conv("grouped", half, weights(8, 2, 3), bias(8), padding=1,
                     groups=4)
    depthwise = g.conv("depthwise", grouped, weights(8, 1, 3), bias(8),
                       padding=3, dilation=3, groups=8, activation="sigmoid")
    oblong = g.conv("oblong", half, weights(5, 8, 1, 1), bias(5))
    wide = g.conv("even", half, weights(8, 8, 4), stride=2, padding=1)
    pooled = g.add("pooled", "max_pool", half)
    overlap = g.add("overlap", "max_pool", a, kernel=3, stride=1)
    patch = g.conv("patch", overlap, weights(4, 6, 3), bias(4), padding=2)
    quarter = g.add("quarter", "add", wide, pooled, wide)
    nearest = g.add("nearest", "upsample", quarter, mode="nearest")
    bilinear = g.add("bilinear", "upsample", pooled, mode="bilinear")
    cells = g.add("cells", "avg_pool", quarter, size=[3, 5])
    squeezed = g.conv("squeezed", cells, weights(8, 1, 3, 5), bias(8),
                      groups=8, activation="relu")
    gate = g.conv("gate", squeezed, weights(8, 8, 1), bias(8),
                  activation="sigmoid")
    mean = g.add("mean", "avg_pool", nearest, size=[1, 1])
    gates = g.add("gates", "add", gate, gate)
    weighted = g.add("weighted", "mul", bilinear, gates)
    scaled = g.add("scaled", "mul", nearest, mean)
    packed = g.add("packed", "space_to_depth", patch, block=2)
    blocks = g.add("blocks", "space_to_depth", "input", block=4)
    blocks = g.add("blocks.up", "upsample", blocks, mode="nearest")
    everything = g.add("everything", "concat", weighted, oblong, depthwise,
                       packed, scaled, blocks)
    last = g.conv("last", everything, weights(12, 61, 1), bias(12))
    g.output = g.add("maps", "depth_to_space", last, block=2)
    _save_network(folder, g, "operations", (24, 40), rng, None)


def _frame(rng: np.random.Generator, h: int, w: int, top: int, floor: float
           ) -> np.ndarray:
    """Soft blobs over an uneven ground, with noise."""
    y, x = np.mgrid[0:h, 0:w]
    f = floor + 0.1 * np.sin(x / 19) * np.cos(y / 13)
    for _ in range(12):
        cy, cx, r = rng.uniform(0, h), rng.uniform(0, w), rng.uniform(3, 7)
        f = f + rng.uniform(0.2, 0.6) * np.exp(
            -((y - cy) ** 2 + (x - cx) ** 2) / (2 * r * r))
    f = f + rng.normal(0, 0.02, (h, w))
    return np.rint(np.clip(f, 0, 1) * top).astype(np.uint16)


def prepare_cases(folder: Path) -> None:
    """Frames and the network inputs that they become."""
    rng = np.random.default_rng(13)
    grey8 = _frame(rng, 61, 77, 255, 0.1)
    grey12 = _frame(rng, 61, 77, 900, 0.2) + 130
    bright = 255 - _frame(rng, 45, 70, 200, 0.05)
    rgb = np.stack([_frame(rng, 45, 53, 255, f) for f in (0.2, 0.1, 0.4)], -1)
    dim = (rng.integers(0, 3, (40, 51)) + 17).astype(np.uint16)
    tiny = rng.integers(20, 160, (5, 7)).astype(np.uint16)
    flat = np.full((16, 21), 93, np.uint16)
    plain = InputSpec()
    equalize = InputSpec(method="equalize")
    cases = {
        "percentile": (grey8, 8, plain, 1.0, "auto"),
        "percentile-12bit": (grey12, 12, plain, 1.0, "auto"),
        "minmax": (grey8, 8, InputSpec(method="minmax"), 1.0, "auto"),
        "none": (grey8, 8, InputSpec(method="none"), 1.0, "auto"),
        "equalize": (grey8, 8, equalize, 1.0, "bright"),
        "equalize-12bit": (grey12, 12, equalize, 1.0, "dark"),
        "rgb": (rgb, 8, plain, 1.0, "auto"),
        "inverted": (bright, 8, plain, 1.0, "auto"),
        "kept-bright": (bright, 8, plain, 1.0, "bright"),
        "dark-model": (grey8, 8, InputSpec(polarity="dark"), 1.0, "auto"),
        "dim": (dim, 8, plain, 1.0, "bright"),
        "flat": (flat, 8, plain, 1.0, "auto"),
        "flat-equalize": (flat, 8, equalize, 1.0, "auto"),
        "tiny": (tiny, 8, plain, 1.0, "auto"),
        "scale-0.5": (grey8, 8, plain, 0.5, "auto"),
        "scale-0.3": (grey8, 8, plain, 0.3, "auto"),
        "scale-1.7": (grey8, 8, plain, 1.7, "auto"),
        "smooth-1.0": (grey8, 8, InputSpec(smoothing=1.0), 1.0, "auto"),
        "smooth-1.0-scale-0.5": (grey12, 12, InputSpec(smoothing=1.0), 0.5,
                                 "auto"),
    }
    for name, (frame, bits, spec, scale, polarity) in cases.items():
        x = prepare(frame, bits, spec, scale, 16, polarity)
        facts = {"bits": bits, "scale": scale, "multiple": 16,
                 "polarity": polarity, "input": spec.to_json()}
        safetensors.write(folder / f"prepare-{name}.vectors.safetensors",
                          {"frame": frame, "input": x},
                          {"case": json.dumps(facts)})


def _nuclei(rng: np.random.Generator, h: int, w: int, n: int) -> np.ndarray:
    """Maps as a network would give for touching ellipses."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    owner = np.zeros((h, w), int)
    for k in range(1, n + 1):
        cy, cx = rng.uniform(0, h), rng.uniform(0, w)
        r, q = rng.uniform(4, 10), rng.uniform(0.6, 1.4)
        owner[((y - cy) / r / q) ** 2 + ((x - cx) * q / r) ** 2 < 1] = k
    dy, dx = np.zeros((h, w)), np.zeros((h, w))
    for k in range(1, n + 1):
        m = owner == k
        if m.any():
            dy[m], dx[m] = y[m].mean() - y[m], x[m].mean() - x[m]
    logit = np.where(owner > 0, 3.0, -3.0) + rng.normal(0, 1.2, (h, w))
    return np.stack([logit, (dy + rng.normal(0, 1.0, (h, w))) / 16,
                     (dx + rng.normal(0, 1.0, (h, w))) / 16]).astype(np.float32)


def _turmoil(rng: np.random.Generator, h: int, w: int) -> np.ndarray:
    """Maps that no network gives: halves to round, far targets, ties,
    values that are not finite."""
    smooth = ndimage.gaussian_filter(rng.normal(0, 1, (h, w)), 1.2) * 6
    offsets = rng.integers(-5, 6, (2, h, w)) / 32.0
    far = rng.random((h, w)) < 0.05
    offsets[:, far] = rng.uniform(-9, 9, (2, int(far.sum())))
    maps = np.concatenate([smooth[None], offsets]).astype(np.float32)
    maps[:, rng.random((h, w)) < 0.01] = np.nan
    maps[1, rng.random((h, w)) < 0.01] = np.nan
    maps[2, rng.random((h, w)) < 0.01] = np.inf
    return maps


def decode_cases(folder: Path) -> None:
    """Maps and the labels that they become."""
    rng = np.random.default_rng(14)
    touching = _nuclei(rng, 96, 120, 40)
    turmoil = _turmoil(rng, 72, 88)
    small = _nuclei(rng, 60, 72, 14)
    nothing = np.full((3, 17, 33), -4, np.float32)
    full = np.full((3, 24, 20), 4, np.float32)
    full[1:] = 0
    votes = OutputSpec()
    few = OutputSpec(min_votes=2, min_area=1, radius=5)
    near = OutputSpec(vote_reach=3)
    parts = OutputSpec(method="components", min_area=5)
    cases = {"touching": (touching, votes, 1.0),
             "near": (touching, near, 1.0),
             "near-turmoil": (turmoil, OutputSpec(
                 min_votes=1, vote_reach=9, min_area=1), 1.0),
             "turmoil": (turmoil, few, 1.0),
             "turmoil-dense": (turmoil, OutputSpec(min_area=3), 1.0),
             "components": (touching, parts, 1.0),
             "components-turmoil": (turmoil, parts, 1.0),
             "nothing": (nothing, votes, 1.0),
             "full": (full, votes, 1.0),
             "scale-0.5": (small, votes, 0.5),
             "scale-1.5": (small, votes, 1.5),
             "scale-0.7": (small, votes, 0.7)}
    for name, (maps, spec, scale) in cases.items():
        size = tuple(round(n / scale) for n in maps.shape[1:])
        labels = decode(maps, spec, size, scale)
        facts = {"scale": scale, "output": spec.to_json()}
        safetensors.write(folder / f"decode-{name}.vectors.safetensors",
                          {"maps": maps, "labels": labels},
                          {"case": json.dumps(facts)})


def shipped_model(folder: Path, model: Path, size: tuple[int, int] = (64, 128)
                  ) -> None:
    """What ONNX Runtime makes of a shipped model, exported to ONNX, for a
    prepared frame of `size` with nuclei: shipped-NAME.vectors.safetensors."""
    import onnxruntime

    from . import onnx_file
    g, _, output, metadata = graph.load_model(model)
    rng = np.random.default_rng(15)
    y, x = np.mgrid[:size[0], :size[1]].astype(np.float32)
    frame = rng.normal(0, 0.03, size)
    for _ in range(14):
        cy, cx, r = rng.uniform((0, 0, 4), (*size, 12))
        frame += rng.uniform(0.3, 1) / (
            1 + np.exp((np.hypot(y - cy, x - cx) - r) * 1.5))
    frame = np.clip(frame, -0.25, 1.5).astype(np.float32)[None, None]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "model.onnx")
        onnx_file.write(path, g, len(output["maps"]), *size, metadata["name"])
        session = onnxruntime.InferenceSession(
            path, providers=["CPUExecutionProvider"])
        maps = session.run(["maps"], {"input": frame})[0]
    safetensors.write(folder / f"shipped-{model.stem}.vectors.safetensors",
                      {"input": frame, "output": maps}, {})


def write_all(folder: Path, models: list[Path]) -> None:
    """Writes every file into `folder`."""
    attention_network(folder)
    operation_zoo(folder)
    prepare_cases(folder)
    decode_cases(folder)
    for model in models:
        shipped_model(folder, model)
