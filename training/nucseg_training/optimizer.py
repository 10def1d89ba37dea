# SPDX-License-Identifier: LGPL-2.1-or-later
"""What updates the weights: AdamW for all of them, or Muon for the
convolutions and AdamW for the rest."""

from __future__ import annotations

import torch
from torch import nn

from .loop import parameter_groups

OPTIMIZERS = ("adamw", "muon")


def _as_matrix(weight: torch.Tensor) -> torch.Tensor:
    """A convolution's weights as (out, everything else) without a copy."""
    rows = weight.permute(0, 2, 3, 1)
    return rows.view(rows.shape[0], -1)


def hidden_convolutions(net: nn.Module) -> list[nn.Parameter]:
    """The weights that mix many channels into many: neither the first layer's,
    nor a head's, nor depthwise ones."""
    return [m.weight for m in net.modules()
            if isinstance(m, nn.Conv2d) and m.groups == 1
            and m.in_channels >= 8 and m.out_channels >= 8
            and m.bias is None]


class Muon:
    """Muon (K. Jordan, https://kellerjordan.github.io/posts/muon/), PyTorch's,
    for hidden convolutions, each as a matrix of its output channels, with
    steps as long as AdamW's (Liu et al., arXiv 2502.16982, section 2.2); AdamW
    for everything else. It has what the training loop uses of an
    optimiser."""

    def __init__(self, net: nn.Module, rate: float, weight_decay: float):
        if not hasattr(torch.optim, "Muon"):
            raise ValueError(f"optimizer muon needs PyTorch 2.9 or later, "
                             f"this is {torch.__version__}")
        self.convolutions = hidden_convolutions(net)
        own = {id(p) for p in self.convolutions}
        # One storage, another shape: PyTorch's Muon takes matrices alone.
        for p in self.convolutions:
            p.data = p.data.contiguous(memory_format=torch.channels_last)
        self.matrices = [nn.Parameter(_as_matrix(p.data))
                         for p in self.convolutions]
        rest = [g | {"params": [p for p in g["params"] if id(p) not in own]}
                for g in parameter_groups(net, weight_decay)]
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(self.matrices, lr=rate, weight_decay=weight_decay,
                             adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=rate)]

    @property
    def param_groups(self) -> list[dict]:
        """Of both."""
        return [g for part in self.parts for g in part.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """As an optimiser's."""
        for p in self.convolutions:
            p.grad = None
        self.parts[1].zero_grad(set_to_none=set_to_none)

    def step(self) -> None:
        """As an optimiser's."""
        for p, m in zip(self.convolutions, self.matrices):
            m.grad = None if p.grad is None else p.grad.permute(
                0, 2, 3, 1).reshape(m.shape)
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict:
        """Of both."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state: dict) -> None:
        """What state_dict() gave."""
        for part, s in zip(self.parts, state["parts"]):
            part.load_state_dict(s)


def make_optimizer(net: nn.Module, kind: str, rate: float, weight_decay: float
                   ) -> torch.optim.Optimizer | Muon:
    """AdamW or Muon over all parameters of a network that is already where it
    is trained."""
    if kind == "muon":
        return Muon(net, rate, weight_decay)
    if kind == "adamw":
        return torch.optim.AdamW(parameter_groups(net, weight_decay), lr=rate)
    raise ValueError(f"optimizer {kind!r}: one of {', '.join(OPTIMIZERS)} is "
                     f"expected")
