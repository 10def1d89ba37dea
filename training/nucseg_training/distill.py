# SPDX-License-Identifier: LGPL-2.1-or-later
"""Learning from a larger network's maps besides the labels (Hinton et al.,
arXiv 1503.02531): its foreground is the probability that annotators disagree
about, its offsets are smooth where theirs jump by a pixel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch

from . import losses, start
from .graph import Graph
from .losses import Targets
from .network import AttentionUNet


def make_teacher(graph: Graph, batches: Iterable[torch.Tensor]
                 ) -> AttentionUNet:
    """The network of a model file, which computes what the file's graph does;
    batches (N, 1, H, W) give its norms their statistics. ValueError for a graph
    of another design, or one with layers that its file has no weights of."""
    teacher = AttentionUNet(start.config_of(graph))
    if fresh := start.take_weights(teacher, graph):
        raise ValueError(f"the teacher's file has no weights of "
                         f"{', '.join(fresh)}")
    start.restore_norms(teacher, batches)
    return teacher.eval().requires_grad_(False)


def loss_terms(out: torch.Tensor, taught: torch.Tensor, t: Targets, share: float,
               weights: Mapping[str, float] = losses.WEIGHTS
               ) -> dict[str, torch.Tensor]:
    """As losses.loss_terms(), with a teacher's maps (N, 3 or more, H, W) for
    the foreground and the offsets by `share`, and the labels by the rest.

    The offsets' two targets stay apart: where they point to different nuclei,
    nothing lies halfway. Centres and gaps are the labels' alone; a model file
    has no maps of them."""
    soft = torch.sigmoid(taught[:, :1].float())
    terms = losses.loss_terms(out, replace(
        t, foreground=torch.lerp(t.foreground, soft, share)), weights)
    far = losses.offset_error(out, taught[:, 1:3].float(), t)
    change = share * (far - terms["offset"])
    terms["offset"] = terms["offset"] + change
    terms["loss"] = terms["loss"] + weights["offset"] * change
    return terms
