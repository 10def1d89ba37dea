# SPDX-License-Identifier: LGPL-2.1-or-later
"""The training loop: bounded by steps and by wall-clock time, resumable."""

from __future__ import annotations

import copy
import math
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from . import checkpoint, distill
from .augment import BatchSource
from .loop import duration, made_ahead
from .losses import WEIGHTS, loss_terms, make_targets
from .network import AttentionUNet
from .optimizer import Muon, make_optimizer


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
    device: str = "cpu"
    workers: int = 0
    optimizer: str = "adamw"
    fixed_attention: bool = False
    teacher_share: float = 0.0
    loss: dict[str, float] = field(default_factory=lambda: dict(WEIGHTS))


def rate_at(step: int, progress: float, o: TrainOptions) -> float:
    """Warm-up by steps, then half a cosine over the progress."""
    warm = min(1.0, (step + 1) / max(1, o.warmup))
    return o.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(
        math.pi * min(1.0, progress))))


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


class _Numbered(Dataset):
    """The batches from one number on, for worker processes."""

    def __init__(self, source: BatchSource, first: int, last: int):
        self.source, self.first, self.last = source, first, last

    def __len__(self) -> int:
        return max(0, self.last - self.first)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = self.source(self.first + i)
        # Half the shared memory; the loop widens them again.
        return images, labels.int()


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)
    # Ctrl-C reaches the whole group; the loop ends the workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, so that a step is not torn in two; the second
    one ends the program as ever."""
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.getsignal(signal.SIGINT)

    def handle(number: int, _frame: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def batches(source: BatchSource, first: int, o: TrainOptions
            ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches number `first` up to the last step's, each made while earlier
    ones are learnt from: by worker processes, or without any by a thread. Which
    one makes no difference to what is in them."""
    if not o.workers:
        return made_ahead(source, first, o.steps)
    return iter(DataLoader(
        _Numbered(source, first, o.steps), batch_size=None,
        num_workers=o.workers, worker_init_fn=_one_thread,
        pin_memory=o.device != "cpu", prefetch_factor=4))


def train(net: AttentionUNet, source: BatchSource, o: TrainOptions, out: Path,
          resume: dict | None, note: dict,
          teacher: AttentionUNet | None = None) -> AttentionUNet:
    """Trains until `steps` steps or `seconds` seconds are used up, counting
    those of the run that `resume` came from; returns the network with the
    averaged weights. `note` goes into checkpoints. A teacher's maps are the
    target by `teacher_share`, the labels by the rest. KeyboardInterrupt once
    the checkpoint is written, where Ctrl-C was pressed."""
    net = net.to(o.device, memory_format=torch.channels_last).train()
    if o.fixed_attention:
        # Their statistics would be of a few vectors a batch.
        for attention in net.attention:
            attention.reduce.norm.eval()
    ema = copy.deepcopy(net).eval()
    if teacher is not None:
        teacher = teacher.to(o.device, memory_format=torch.channels_last)
    optimizer = make_optimizer(net, o.optimizer, o.rate, o.weight_decay)
    step, used = 0, 0.0
    if resume is not None:
        had = resume["options"].get("optimizer", "adamw")
        if had != o.optimizer:
            raise ValueError(f"the checkpoint was trained by {had}: --optimizer "
                             f"{had} is expected, not {o.optimizer}")
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

    def progress_at(now: float) -> float:
        # The first rate must not hang on how long the first crops took.
        if step == 0:
            return 0.0
        return max(step / o.steps, (now - start) / o.seconds)

    with _interrupts() as interrupted:
        for images, labels in batches(source, step, o):
            now = time.monotonic()
            progress = progress_at(now)
            if progress >= 1 or interrupted():
                break
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, progress, o)
            images = images.to(o.device, non_blocking=True,
                               memory_format=torch.channels_last)
            labels = labels.to(o.device, non_blocking=True).long()
            with torch.autocast(images.device.type, torch.bfloat16,
                                enabled=o.bf16):
                maps = net(images)
                with torch.no_grad():
                    taught = teacher(images) if teacher is not None else None
            targets = make_targets(labels, o.offset_scale)
            if taught is None:
                terms = loss_terms(maps, targets, o.loss)
            else:
                terms = distill.loss_terms(maps, taught, targets,
                                           o.teacher_share, o.loss)
            optimizer.zero_grad(set_to_none=True)
            terms["loss"].backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimizer.step()
            update_average(ema, net, step, o.ema)
            step += 1
            # One copy from the device, not one a term.
            values = torch.stack([v.detach() for v in terms.values()]).tolist()
            recent.append(dict(zip(terms, values)))
            if not math.isfinite(recent[-1]["loss"]):
                raise ArithmeticError(f"step {step}: the loss is not finite")
            now = time.monotonic()
            if now - shown > (2 if sys.stderr.isatty() else 30):
                shown = now
                _show(step, progress_at(now), now - start, optimizer, recent)
            if now - saved > o.save_every:
                saved = now
                write()
        stopped = interrupted()
    write()
    _show(step, 1.0, time.monotonic() - start, optimizer, recent)
    sys.stderr.write("\n")
    if stopped:
        raise KeyboardInterrupt(f"step {step}")
    return ema


def _show(step: int, progress: float, used: float,
          optimizer: torch.optim.Optimizer | Muon, recent: deque) -> None:
    mean = {k: sum(r[k] for r in recent) / len(recent) for k in recent[0]} \
        if recent else {}
    left = used * max(0.0, 1 - progress) / progress
    text = (f"{100 * progress:5.1f} %  step {step}  {step / used:.2f}/s  "
            f"left {duration(left)}  "
            f"lr {optimizer.param_groups[0]['lr']:.2e}  "
            + "  ".join(f"{k} {v:.4f}" for k, v in mean.items()))
    # The line before may have been longer: the rest of it is cleared.
    sys.stderr.write(f"\r{text}\033[K" if sys.stderr.isatty() else f"{text}\n")
    sys.stderr.flush()
