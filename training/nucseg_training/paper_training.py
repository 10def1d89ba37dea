# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains and scores the paper's network as the paper does (3.1, 3.3, 3.4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .loop import made_ahead, parameter_groups
from .metrics import Score, by_kind
from .paper_data import PaperBatches, PaperImage, resize
from .paper_network import PaperNetwork

OPTIMIZERS = ("adam", "sgd")
# Between the paper's ends, 0.55 and 1.55; the middle one alone without
# multi-scale evaluation.
SCALES = (0.55, 0.775, 1.0, 1.275, 1.55)


@dataclass(frozen=True)
class PaperOptions:
    """What the loop needs to know. Both of the paper's optimisers begin at the
    same rate."""

    steps: int
    optimizer: str = "adam"
    rate: float = 0.005
    momentum: float = 0.98
    weight_decay: float = 1e-4
    power: float = 0.99
    bf16: bool = True
    device: str = "cpu"
    workers: int = 1


def rate_at(step: int, o: PaperOptions) -> float:
    """Polynomial decay over the steps."""
    return o.rate * (1 - step / o.steps) ** o.power


def make_optimizer(net: nn.Module, o: PaperOptions) -> torch.optim.Optimizer:
    """Adam or SGD with weight decay as a term of the loss, as it was in the
    paper's day."""
    groups = parameter_groups(net, o.weight_decay)
    if o.optimizer == "adam":
        return torch.optim.Adam(groups, lr=o.rate)
    if o.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=o.rate, momentum=o.momentum)
    raise ValueError(f"optimizer {o.optimizer!r}: one of "
                     f"{', '.join(OPTIMIZERS)} is expected")


def train(net: PaperNetwork, source: PaperBatches, weights: torch.Tensor,
          o: PaperOptions, show: Callable[[float], None] = lambda loss: None
          ) -> PaperNetwork:
    """Trains for `steps` steps with the weighted cross entropy of eq. (1),
    divided by the sum of the weights. `weights` are the classes'; `show` gets
    the loss of each step."""
    net = net.to(o.device, memory_format=torch.channels_last).train()
    weights = weights.to(o.device)
    optimizer = make_optimizer(net, o)
    for step, (images, classes) in enumerate(
            made_ahead(source, 0, o.steps, o.workers)):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, o)
        images = images.to(o.device, memory_format=torch.channels_last)
        classes = classes.to(o.device)
        with torch.autocast(images.device.type, torch.bfloat16,
                            enabled=o.bf16):
            logits = net(images)
        loss = F.cross_entropy(logits, classes, weight=weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        value = loss.item()
        if not math.isfinite(value):
            raise ArithmeticError(f"step {step}: the loss is not finite")
        show(value)
    return net


@torch.inference_mode()
def probabilities(net: PaperNetwork, image: PaperImage,
                  scales: tuple[float, ...], device: str = "cpu"
                  ) -> Iterator[torch.Tensor]:
    """The probability of nucleus at the image's own size, (H, W), by the image
    at each scale."""
    x = image.image[None, None].float().to(device)
    multiple = net.config.multiple
    for scale in scales:
        n = max(1, round(x.shape[-1] * scale / multiple)) * multiple
        y = x if n == x.shape[-1] else resize(x, n, n)
        p = net.probability(y.to(memory_format=torch.channels_last))
        yield resize(p[:, None], *image.truth.shape)[0, 0].cpu()


def evaluate(net: PaperNetwork, images: list[PaperImage],
             multiscale: bool = False, device: str = "cpu"
             ) -> dict[str, dict[str, dict[str, float]]]:
    """PA, MPA and MIoU, summed over all pixels of the set, by kind of image:
    of the image as it is (`single`) and, if asked for, of the mean over all
    scales (`multi`). In f32."""
    net = net.to(device).eval()
    scales = SCALES if multiscale else (1.0,)
    scores: dict[str, dict[str, Score]] = {"single": {}}
    if multiscale:
        scores["multi"] = {}
    for image in images:
        found = list(probabilities(net, image, scales, device))
        maps = {"single": found[scales.index(1.0)]}
        if multiscale:
            maps["multi"] = torch.stack(found).mean(0)
        for way, p in maps.items():
            scores[way].setdefault(image.entry.kind, Score()).add(
                image.truth, (p > 0.5).numpy().astype(image.truth.dtype))
    return {way: {kind: {k: s.figures()[k] for k in ("pa", "mpa", "miou")}
                  for kind, s in by_kind(kinds).items()}
            for way, kinds in scores.items()}
