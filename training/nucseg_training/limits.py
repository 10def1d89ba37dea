# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the engine takes of a model file (docs/model-format.md), so that no tool
writes one that it refuses."""

from __future__ import annotations

import math
import re
import unicodedata

import numpy as np

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
# Largest side of a frame, NUCSEG_MAX_SIZE.
MAX_SIZE = 8192
WHOLE = {"min_votes": (1, 1000), "vote_reach": (0, 1024), "radius": (0, 64),
         "min_area": (0, MAX_SIZE * MAX_SIZE)}
# What the command line calls a decoder's settings.
DECODER = ("threshold", *WHOLE)


def check_name(name: str) -> None:
    """ValueError where users could not ask for a model by this name."""
    if not NAME.fullmatch(name):
        raise ValueError(f"model name {name!r}: [a-z0-9][a-z0-9._-]* is "
                         "expected, at most 128 letters")


def name_from(stem: str) -> str:
    """The name of a model that is written to a file called so: the same where
    it can be, else in lower case and with - for what names may not hold."""
    if NAME.fullmatch(stem):
        return stem
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore")
    name = re.sub("[^a-z0-9._]+", "-", plain.decode().lower())
    name = name.strip("._-")[:128]
    if not name:
        raise ValueError(f"file name {stem!r}: letters a to z or digits are "
                         "expected, for the model's name")
    return name


def check_decoder(decoder: dict) -> None:
    """ValueError where a value of the `decoder` object is out of its range."""
    threshold = decoder.get("threshold", 0.5)
    if not 0 < threshold < 1:
        raise ValueError(f"threshold {threshold}: a number inside (0, 1) is "
                         "expected")
    scale = decoder.get("offset_scale", 1)
    if not 1 <= scale <= 256:
        raise ValueError(f"offset_scale {scale}: 1 to 256 is expected")
    for key, (least, most) in WHOLE.items():
        value = decoder.get(key, least)
        if not least <= value <= most:
            raise ValueError(f"{key} {value}: {least} to {most} is expected")


def check_weights(tensors: dict[str, np.ndarray]) -> None:
    """ValueError that names the first tensor with a weight that isn't finite."""
    for name, t in tensors.items():
        bad = int(t.size - np.isfinite(t).sum())
        if bad:
            raise ValueError(f"tensor {name!r}: {bad} of {t.size} weights are "
                             "not finite; finite ones are expected")


def check_scales(nodes: list[dict]) -> None:
    """ValueError that names a node with an int8 scale out of its range."""
    for node in nodes:
        scale = node.get("scale", 1.0)
        if not (math.isfinite(scale) and 2.0 ** -30 <= scale <= 2.0 ** 30):
            raise ValueError(f"node {node['name']!r}: scale {scale}, 2^-30 to "
                             "2^30 is expected")
