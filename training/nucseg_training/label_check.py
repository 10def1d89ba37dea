# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether an image's numbers can be labels: a photograph, whose grey values
would each become a nucleus, is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import data

# Labels of real images lie in up to 1.4 pieces each, and grey values of
# photographs, compressed ones as well, in 7 to 1,700.
PIECES = 4
# Pixels of a label's largest piece: nuclei have dozens.
DUST = 4
# The classes of a mask are fewer, the grey values of a photograph more.
CLASSES = 10


def check_labels(labels: np.ndarray, path: Path) -> None:
    """ValueError where the numbers (H, W) of a file are no labels: where most
    lie scattered, none of their pieces holding half of their pixels, or where
    specks of a few pixels fill the image, as in a photograph of more grey
    values than pixels. A label with stray pixels, or one that a neighbour cuts
    in two, is still a label. A mask of one value isn't judged."""
    inside = labels > 0
    pieces = data.split_pieces(labels)[inside] - 1
    area = np.bincount(pieces)
    number = np.zeros(len(area), labels.dtype)
    number[pieces] = labels[inside]
    values, which = np.unique(number, return_inverse=True)
    if len(values) < 2:
        return
    total = np.bincount(which, area)
    largest = np.zeros(len(values))
    np.maximum.at(largest, which, area)
    scattered = (len(area) > PIECES * len(values)
                 and np.mean(largest < total / 2) > 0.5)
    # Marks of one pixel a nucleus do not fill an image.
    dust = inside.mean() > 0.5 and np.mean(largest < DUST) > 0.5
    if scattered or dust:
        what = ("are --images and --labels swapped?" if len(values) > CLASSES
                else "one number for each nucleus is expected")
        raise ValueError(f"{path}: does not look like a label image (its "
                         f"{len(values):,} values lie in {len(area):,} "
                         f"pieces); {what}")
