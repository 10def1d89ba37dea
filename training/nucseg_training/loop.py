# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the training loops share: of the network that ships (trainer.py) and of
the paper's (paper_training.py)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

Batch = tuple[torch.Tensor, torch.Tensor]


def find_device(name: str) -> str:
    """A device's name; of `auto` a GPU if PyTorch finds one. ValueError where
    PyTorch finds no such device."""
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda" if found else "cpu"
    match = re.fullmatch(r"cpu|cuda(?::(\d+))?", name)
    if not match:
        raise ValueError(f"--device {name}: auto, cpu, cuda or cuda:N is "
                         "expected")
    if name != "cpu" and int(match.group(1) or 0) >= found:
        raise ValueError(f"--device {name}: PyTorch finds {found} CUDA devices")
    return name


def has_bf16(device: str) -> bool:
    """Whether a device multiplies bf16 itself; PyTorch imitates it elsewhere,
    six to eight times slower than f32."""
    if device != "cpu":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # Not public; ARM's PyTorch has none of them. To imitate is slow, not wrong.
    return any(getattr(torch.cpu, f"_is_{name}_supported", lambda: False)()
               for name in ("avx512_bf16", "amx_tile"))


def duration(seconds: float) -> str:
    """A time for people: 48 h 44 min, 3 min or 20 s."""
    minutes = int(seconds) // 60
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def parameter_groups(net: nn.Module, weight_decay: float) -> list[dict]:
    """For an optimiser: biases and norms do not decay."""
    return [{"params": [p for p in net.parameters() if p.ndim > 1],
             "weight_decay": weight_decay},
            {"params": [p for p in net.parameters() if p.ndim <= 1],
             "weight_decay": 0.0}]


def made_ahead(source: Callable[[int], Batch], first: int, last: int,
               threads: int = 1) -> Iterator[Batch]:
    """Batches number `first` to `last` - 1 in order, each made by one of the
    threads while earlier ones are learnt from."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque = deque()
        for number in range(first, last):
            ahead.append(pool.submit(source, number))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
