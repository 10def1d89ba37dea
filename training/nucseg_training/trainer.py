# SPDX-License-Identifier: LGPL-2.1-or-later
"""The training loop: bounded by steps and by wall-clock time, resumable."""

from __future__ import annotations

import copy
import math
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from . import checkpoint
from .augment import BatchSource
from .losses import loss_terms, make_targets
from .network import AttentionUNet


@dataclass
class TrainOptions:
    """What the loop needs to know; stored in every checkpoint."""

    steps: int
    seconds: float
    rate: float
    warmup: int
    weight_decay: float
    ema: float
    offset_scale: float
    save_every: float
    seed: int
    bf16: bool


def rate_at(step: int, progress: float, o: TrainOptions) -> float:
    """Warm-up by steps, then half a cosine over the progress."""
    warm = min(1.0, (step + 1) / max(1, o.warmup))
    return o.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(
        math.pi * min(1.0, progress))))


def make_optimizer(net: nn.Module, o: TrainOptions) -> torch.optim.AdamW:
    """AdamW; biases and norms do not decay."""
    decay = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    return torch.optim.AdamW([{"params": decay, "weight_decay": o.weight_decay},
                              {"params": rest, "weight_decay": 0.0}], lr=o.rate)


@torch.no_grad()
def update_average(ema: nn.Module, net: nn.Module, step: int, decay: float
                   ) -> None:
    """Averages weights and batch-norm statistics; short memory at first."""
    d = min(decay, (1 + step) / (10 + step))
    for a, b in zip(ema.state_dict().values(), net.state_dict().values()):
        if a.is_floating_point():
            a.lerp_(b, 1 - d)
        else:
            a.copy_(b)


def train(net: AttentionUNet, source: BatchSource, o: TrainOptions, out: Path,
          resume: dict | None, note: dict) -> None:
    """Trains until `steps` steps or `seconds` seconds are used up, counting
    those of the run that `resume` came from. `note` goes into checkpoints."""
    net = net.to(memory_format=torch.channels_last).train()
    ema = copy.deepcopy(net).eval()
    optimizer = make_optimizer(net, o)
    step, used = 0, 0.0
    if resume is not None:
        net.load_state_dict(resume["model"])
        ema.load_state_dict(resume["ema"])
        optimizer.load_state_dict(resume["optimizer"])
        step, used = resume["step"], resume["seconds"]
    start = time.monotonic() - used
    saved = time.monotonic()
    recent: deque[dict[str, float]] = deque(maxlen=100)
    shown = 0.0

    def write() -> None:
        checkpoint.save(out, {
            "network": net.config.to_dict(), "model": net.state_dict(),
            "ema": ema.state_dict(), "optimizer": optimizer.state_dict(),
            "step": step, "seconds": time.monotonic() - start,
            "options": asdict(o), "note": note})

    with ThreadPoolExecutor(1) as pool:
        # The next batch is made while this one is learnt from.
        ahead = pool.submit(source, step)
        while True:
            now = time.monotonic()
            progress = max(step / o.steps, (now - start) / o.seconds)
            if progress >= 1:
                break
            images, labels = ahead.result()
            ahead = pool.submit(source, step + 1)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, progress, o)
            images = images.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=o.bf16):
                maps = net(images)
            terms = loss_terms(maps, make_targets(labels, o.offset_scale))
            optimizer.zero_grad(set_to_none=True)
            terms["loss"].backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimizer.step()
            update_average(ema, net, step, o.ema)
            step += 1
            recent.append({k: float(v.detach()) for k, v in terms.items()})
            if not math.isfinite(recent[-1]["loss"]):
                raise ArithmeticError(f"step {step}: the loss is not finite")
            now = time.monotonic()
            if now - shown > (2 if sys.stderr.isatty() else 30):
                shown = now
                _show(step, progress, now - start, optimizer, recent)
            if now - saved > o.save_every:
                saved = now
                write()
    write()
    _show(step, 1.0, time.monotonic() - start, optimizer, recent)
    sys.stderr.write("\n")


def _show(step: int, progress: float, used: float,
          optimizer: torch.optim.Optimizer, recent: deque) -> None:
    mean = {k: sum(r[k] for r in recent) / len(recent) for k in recent[0]} \
        if recent else {}
    left = used * (1 - progress) / max(progress, 1e-6)
    text = (f"{100 * progress:5.1f} %  step {step}  {step / used:.2f}/s  "
            f"left {int(left) // 60}:{int(left) % 60:02d}  "
            f"lr {optimizer.param_groups[0]['lr']:.2e}  "
            + "  ".join(f"{k} {v:.4f}" for k, v in mean.items()))
    end = "" if sys.stderr.isatty() else "\n"
    sys.stderr.write(("\r" if not end else "") + text + end)
    sys.stderr.flush()
