# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attention U-Net: U-Net with subregional average pooling (SAP), channel
expansion (CE) and atrous spatial pyramid pooling (ASPP).

Only operations that the model file knows are used, so that every layer here
has exactly one node there (batch norm folds into its convolution)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class NetworkConfig:
    """What a network is made of; stored in every checkpoint.

    widths: channels of the encoder's stages; stage i works at
    1 / (stem * 2^i) of the input's resolution. first_convs (1 or 2) is how many
    convolutions the first stage has on each side, first_kernel the size of the
    very first one. refine, where it is not 0, is the width of a branch at full
    resolution that corrects the maps (Refine).
    maps: the outputs that ship; aux: outputs for training alone."""

    widths: tuple[int, ...] = (16, 32, 64, 128)
    stem: int = 2
    first_convs: int = 2
    first_kernel: int = 3
    refine: int = 0
    deepest_dilation: int = 2
    aspp_rates: tuple[int, ...] = (1, 6, 12, 18)
    sap_grid: int = 4
    use_aspp: bool = True
    use_sap: bool = True
    use_ce: bool = True
    maps: tuple[str, ...] = ("foreground", "offset_y", "offset_x")
    aux: tuple[str, ...] = field(default=("centre", "gap"))

    def to_dict(self) -> dict:
        """Plain types only, for checkpoints and JSON."""
        return {k: list(v) if isinstance(v, tuple) else v
                for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict) -> NetworkConfig:
        """The inverse of to_dict(); unknown keys are an error."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v
                      for k, v in values.items()})

    @property
    def multiple(self) -> int:
        """Height and width of an input are multiples of this."""
        return self.stem * 2 ** (len(self.widths) - 1)


def space_to_depth(x: torch.Tensor, block: int) -> torch.Tensor:
    """Channel (dy * block + dx) * C + c of the result is channel c at
    (y * block + dy, x * block + dx), as ONNX's SpaceToDepth."""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // block, block, w // block, block)
    x = x.permute(0, 3, 5, 1, 2, 4)
    return x.reshape(n, c * block * block, h // block, w // block)


def depth_to_space(x: torch.Tensor, block: int) -> torch.Tensor:
    """The inverse of space_to_depth(), as ONNX's DepthToSpace, mode DCR."""
    n, c, h, w = x.shape
    c //= block * block
    x = x.reshape(n, block, block, c, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c, h * block, w * block)


def initialise(net: nn.Module, *heads: nn.Conv2d | None) -> None:
    """He's weights for what is rectified, small ones for the outputs."""
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            if m.bias is not None:
                nn.init.zeros_(m.bias)
    for head in heads:
        if head is not None:
            nn.init.normal_(head.weight, std=0.01)


class ConvBnAct(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, cin: int, cout: int, kernel: int = 3,
                 dilation: int = 1, groups: int = 1, padding: int | None = None):
        super().__init__()
        if padding is None:
            padding = dilation * (kernel - 1) // 2
        self.conv = nn.Conv2d(cin, cout, kernel, padding=padding,
                              dilation=dilation, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(cout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.norm(self.conv(x)), inplace=True)


class Attention(nn.Module):
    """SAP, with CE where a lower level's channel weights are given.

    Returns the weighted maps and d', the channel weights of this level alone,
    which the level above in depth expands."""

    def __init__(self, width: int, lower: int | None, grid: int):
        super().__init__()
        self.grid = grid
        self.reduce = ConvBnAct(width, width, grid, groups=width, padding=0)
        self.gate = nn.Conv2d(width, width, 1)
        self.expand = nn.Conv2d(lower, width, 1) if lower else None

    def forward(self, x: torch.Tensor, lower: torch.Tensor | None
                ) -> tuple[torch.Tensor, torch.Tensor]:
        pooled = F.adaptive_avg_pool2d(x, self.grid)
        own = torch.sigmoid(self.gate(self.reduce(pooled)))
        if self.expand is None:
            weights = own + own
        else:
            weights = own + torch.sigmoid(self.expand(lower))
        return x * weights, own


class Aspp(nn.Module):
    """Parallel dilated 3x3 convolutions of half the width, concatenated and
    projected back to the width."""

    def __init__(self, width: int, rates: tuple[int, ...]):
        super().__init__()
        self.branches = nn.ModuleList(
            ConvBnAct(width, width // 2, dilation=r) for r in rates)
        self.project = ConvBnAct(len(rates) * (width // 2), width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.project(torch.cat([b(x) for b in self.branches], 1))


class Decode(nn.Module):
    """1x1 to the skip's width, bilinear x2, concatenate, two 3x3 or one."""

    def __init__(self, cin: int, skip: int, convs: int = 2):
        super().__init__()
        self.reduce = ConvBnAct(cin, skip, 1)
        self.a = ConvBnAct(2 * skip, skip)
        self.b = ConvBnAct(skip, skip) if convs > 1 else None

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        x = F.interpolate(self.reduce(x), scale_factor=2, mode="bilinear",
                          align_corners=False)
        x = self.a(torch.cat([x, skip], 1))
        return x if self.b is None else self.b(x)


class Refine(nn.Module):
    """What is added to maps that were made at half the resolution: a 3x3 over
    the frame itself and the last features, up-sampled, at full resolution.

    A network whose every stage works at half the resolution is four times
    cheaper, but nuclei of ten pixels across are five wide in it."""

    def __init__(self, features: int, width: int, maps: int):
        super().__init__()
        self.detail = ConvBnAct(1, width)
        self.reduce = ConvBnAct(features, width, 1)
        self.mix = ConvBnAct(2 * width, width)
        self.head = nn.Conv2d(width, maps, 1)

    def forward(self, frame: torch.Tensor, features: torch.Tensor
                ) -> torch.Tensor:
        up = F.interpolate(self.reduce(features), scale_factor=2,
                           mode="bilinear", align_corners=False)
        return self.mix(torch.cat([up, self.detail(frame)], 1))


class AttentionUNet(nn.Module):
    """One grey channel in; the shipped maps, then the auxiliary ones, out, at
    the input's resolution. The channels of the maps are raw (logits, offsets
    in units of the decoder's offset scale)."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = c = config
        if c.use_ce and not c.use_sap:
            raise ValueError("use_ce expands SAP's weights: it needs use_sap")
        self.encoder = nn.ModuleList()
        self.attention = nn.ModuleList()
        cin = c.stem * c.stem
        for i, width in enumerate(c.widths):
            d = c.deepest_dilation if i == len(c.widths) - 1 else 1
            stage = {"a": ConvBnAct(cin, width, 3 if i else c.first_kernel,
                                    dilation=d)}
            if i or c.first_convs > 1:
                stage["b"] = ConvBnAct(width, width, dilation=d)
            self.encoder.append(nn.ModuleDict(stage))
            if c.use_sap:
                lower = c.widths[i - 1] if i and c.use_ce else None
                self.attention.append(Attention(width, lower, c.sap_grid))
            cin = width
        self.aspp = Aspp(cin, c.aspp_rates) if c.use_aspp else None
        self.decoder = nn.ModuleList(
            Decode(c.widths[i + 1], c.widths[i], 2 if i else c.first_convs)
            for i in reversed(range(len(c.widths) - 1)))
        cells = c.stem * c.stem
        self.head = nn.Conv2d(c.widths[0], len(c.maps) * cells, 1)
        self.aux = (nn.Conv2d(c.widths[0], len(c.aux) * cells, 1)
                    if c.aux else None)
        if c.refine and c.stem != 2:
            raise ValueError(f"refine corrects maps of a stem of 2, not "
                             f"{c.stem}")
        self.refine = (Refine(c.widths[0], c.refine, len(c.maps))
                       if c.refine else None)
        initialise(self, self.head, self.aux)
        if self.refine is not None:
            # At first nothing is corrected.
            nn.init.zeros_(self.refine.head.weight)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Everything but the heads: widths[0] channels at 1 / stem."""
        x = space_to_depth(x, self.config.stem)
        skips: list[torch.Tensor] = []
        lower = None
        for i, stage in enumerate(self.encoder):
            if i:
                x = F.max_pool2d(x, 2)
            for conv in stage.values():
                x = conv(x)
            if self.attention:
                x, lower = self.attention[i](x, lower)
            skips.append(x)
        if self.aspp is not None:
            x = self.aspp(x)
        for block, skip in zip(self.decoder, reversed(skips[:-1])):
            x = block(x, skip)
        return x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) to (N, maps, H, W), or with the auxiliary maps behind
        them in training mode."""
        f = self.features(x)
        mixed = None if self.refine is None else self.refine(x, f)
        # Offsets of tens of pixels need more than bf16's eight bits.
        with torch.autocast(f.device.type, enabled=False):
            f = f.float()
            out = depth_to_space(self.head(f), self.config.stem)
            if mixed is not None:
                out = out + self.refine.head(mixed.float())
            if self.training and self.aux is not None:
                aux = depth_to_space(self.aux(f), self.config.stem)
                out = torch.cat([out, aux], 1)
        return out
