# SPDX-License-Identifier: LGPL-2.1-or-later
"""The paper's network, as large as the paper has it: a U-Net of five stages
with subregional average pooling (SAP), channel expansion (CE) and atrous
spatial pyramid pooling (ASPP), two classes. Section numbers are the paper's.

Nothing of this ships: the network of network.py is what became of it. This
one is for measuring what each part is worth (training/ablate)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .network import Aspp, Attention, ConvBnAct, initialise

CLASSES = 2
CONVS = 3


@dataclass(frozen=True)
class PaperConfig:
    """What the paper's network is made of. `base` is the width of the first
    stage, 64 in the paper; the parts can be left out one by one."""

    base: int = 64
    use_aspp: bool = True
    use_sap: bool = True
    use_ce: bool = True
    sap_grid: int = 4
    aspp_rates: tuple[int, ...] = (1, 6, 12, 18)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the stages at 1/1, 1/2, 1/4, 1/8 and 1/16."""
        return tuple(self.base * n for n in (1, 2, 4, 8, 8))

    @property
    def multiple(self) -> int:
        """Height and width of an input are multiples of this."""
        return 2 ** (len(self.widths) - 1)


def local_response_norm(x: torch.Tensor) -> torch.Tensor:
    """Of the grey input (3.4), with TensorFlow's defaults (bias 1, alpha 1,
    beta 0.5), as the paper names no other: with a single channel there are no
    neighbours, and a pixel is divided by sqrt(1 + its square)."""
    return x * torch.rsqrt(1 + x * x)


def _convs(cin: int, width: int, dilation: int = 1) -> nn.Sequential:
    """Three 3x3 convolutions (2.3)."""
    return nn.Sequential(*(ConvBnAct(cin if i == 0 else width, width,
                                     dilation=dilation)
                           for i in range(CONVS)))


class UpReduce(nn.Module):
    """Bilinear x2, then the 2x2 convolution that reduces the channels (2.1).

    A 2x2 window has no centre: a row and a column of zeros at the end keep
    the size."""

    def __init__(self, cin: int, cout: int):
        super().__init__()
        self.reduce = ConvBnAct(cin, cout, 2, padding=0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.interpolate(x, scale_factor=2, mode="bilinear",
                          align_corners=False)
        return self.reduce(F.pad(x, (0, 1, 0, 1)))


class Expand(nn.Module):
    """A level of the expanding path: up-sampled and reduced to the skip's
    width, concatenated with the skip, three 3x3 convolutions."""

    def __init__(self, cin: int, skip: int):
        super().__init__()
        self.up = UpReduce(cin, skip)
        self.convs = _convs(2 * skip, skip)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return self.convs(torch.cat([self.up(x), skip], 1))


class Fuse(nn.Module):
    """The last level (2.3): the fourth up-sampling reaches the input's size;
    what it brings is added to the first stage's features behind a 3x3
    convolution, and a 3x3 convolution fuses both."""

    def __init__(self, cin: int, width: int):
        super().__init__()
        self.up = UpReduce(cin, width)
        self.low = ConvBnAct(width, width)
        self.fuse = ConvBnAct(width, width)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return self.fuse(self.up(x) + self.low(skip))


class PaperNetwork(nn.Module):
    """One grey channel in, the logits of background and nucleus out, at the
    input's resolution."""

    def __init__(self, config: PaperConfig):
        super().__init__()
        self.config = c = config
        if c.use_ce and not c.use_sap:
            raise ValueError("use_ce expands SAP's weights: it needs use_sap")
        widths = c.widths
        deepest = len(widths) - 1
        self.encoder = nn.ModuleList()
        self.attention = nn.ModuleList()
        cin = 1
        for i, width in enumerate(widths):
            # VGG's fifth pooling is gone (its stride is 1): dilation makes up
            # for the view that it would have given.
            self.encoder.append(_convs(cin, width, 2 if i == deepest else 1))
            if c.use_sap:
                lower = widths[i - 1] if i and c.use_ce else None
                self.attention.append(Attention(width, lower, c.sap_grid))
            cin = width
        # Each branch has half the width: 256 channels at base 64, as DeepLab.
        self.aspp = Aspp(cin, c.aspp_rates) if c.use_aspp else None
        self.decoder = nn.ModuleList(
            Expand(widths[i + 1], widths[i]) for i in range(deepest - 1, 0, -1))
        self.last = Fuse(widths[1], widths[0])
        self.head = nn.Conv2d(widths[0], CLASSES, 1)
        initialise(self, self.head)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) to logits (N, 2, H, W), f32."""
        x = local_response_norm(x)
        skips: list[torch.Tensor] = []
        lower = None
        for i, stage in enumerate(self.encoder):
            x = stage(F.max_pool2d(x, 2) if i else x)
            if self.attention:
                x, lower = self.attention[i](x, lower)
            skips.append(x)
        if self.aspp is not None:
            x = self.aspp(x)
        for block, skip in zip(self.decoder, reversed(skips[1:-1])):
            x = block(x, skip)
        x = self.last(x, skips[0])
        with torch.autocast(x.device.type, enabled=False):
            return self.head(x.float())

    def probability(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) to the softmax's probability of nucleus, (N, H, W)."""
        return torch.softmax(self(x), 1)[:, 1]
