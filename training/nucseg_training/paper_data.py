# SPDX-License-Identifier: LGPL-2.1-or-later
"""The paper's images: preprocessing (3.2.1), augmentation (3.1, 3.2.2, 2.1)
and class balancing (3.4). Where the text is silent, training/README.md says
what was chosen."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from . import prepare
from .data import Entry, read_image, read_labels

SIZE = 512
SIGMA = 1.0
# The paper lets a vertex move by the image's length, which leaves no image.
VERTEX_RANGE = 0.1
# Ronneberger et al. 2015, which section 2.1 retells.
ELASTIC_NODES = 3
ELASTIC_DEVIATION = 10.0 / 512


@dataclass
class PaperImage:
    """image (S, S) f16 in 0..1, mask (S, S) uint8 (1 = nucleus), both resized;
    truth is the mask at the image's own size, for scores."""

    entry: Entry
    image: torch.Tensor
    mask: torch.Tensor
    truth: np.ndarray


def gaussian(sigma: float) -> torch.Tensor:
    """Eq. (7), (2 l + 1, 2 l + 1) with l = ceil(3 sigma), made to sum to 1."""
    reach = math.ceil(3 * sigma)
    t = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    g = t[:, None] * t[None, :]
    return g / g.sum()


def resize(x: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Bilinear, against aliasing where it shrinks; x is (N, C, H, W) f32."""
    return F.interpolate(x, size=(height, width), mode="bilinear",
                         align_corners=False, antialias=True)


def preprocess(grey: np.ndarray, bits: int, size: int = SIZE,
               method: str = "equalize") -> torch.Tensor:
    """Grey integers to the network's input (size, size) f32: resized, then
    equalised, then smoothed, in the paper's order. `method`: "percentile"
    stretches in place of the equalisation, as the models that ship do."""
    x = torch.from_numpy(grey.astype(np.float32))[None, None]
    x = resize(x, size, size)[0, 0].round().clamp(0, 2 ** bits - 1)
    equal = prepare.normalise(x.numpy().astype(np.int64), bits,
                              prepare.InputSpec(method=method))
    kernel = gaussian(SIGMA)
    r = kernel.shape[0] // 2
    y = F.pad(torch.from_numpy(equal)[None, None], (r, r, r, r),
              mode="reflect")
    return F.conv2d(y, kernel[None, None])[0, 0]


def from_arrays(entry: Entry, grey: np.ndarray, bits: int, labels: np.ndarray,
                size: int = SIZE, method: str = "equalize") -> PaperImage:
    """Prepares an image and its labels (0 = background)."""
    if grey.shape != labels.shape:
        raise ValueError(f"{entry.id}: image {grey.shape} but labels "
                         f"{labels.shape}")
    truth = (labels > 0).astype(np.uint8)
    mask = F.interpolate(torch.from_numpy(truth)[None, None].float(),
                         size=(size, size), mode="nearest-exact")
    return PaperImage(entry, preprocess(grey, bits, size, method).half(),
                      mask[0, 0].to(torch.uint8), truth)


def read(root: Path, entry: Entry, size: int = SIZE,
         method: str = "equalize") -> PaperImage:
    """Reads and prepares one image of the data set."""
    grey, bits = read_image(root / "images" / f"{entry.id}.png")
    labels = read_labels(root / "labels" / f"{entry.id}.png")
    return from_arrays(entry, grey, bits, labels, size, method)


def median_frequency_weights(masks: list[torch.Tensor]) -> torch.Tensor:
    """Weights of background and nucleus: the median of the classes' frequencies
    over each one's own, the frequency of a class being its share of the pixels
    of those masks in which it occurs."""
    own, where = np.zeros(2), np.zeros(2)
    for m in masks:
        nucleus = int(m.sum(dtype=torch.int64))
        for k, n in enumerate((m.numel() - nucleus, nucleus)):
            own[k] += n
            where[k] += m.numel() if n else 0
    if not own.all():
        raise ValueError("class balancing: the training labels have no "
                         + ("background" if not own[0] else "nucleus"))
    frequency = own / where
    return torch.from_numpy(np.median(frequency) / frequency).float()


def affine(rng: np.random.Generator, size: int) -> np.ndarray:
    """Where the frame's points (x, y, 1) come from, (2, 3), once its vertices
    upper left, upper right and lower left have moved at random (3.2.2)."""
    corners = np.array([[0, 0], [size, 0], [0, size]], float)
    moved = corners + rng.uniform(-1, 1, (3, 2)) * VERTEX_RANGE * size
    return np.linalg.solve(np.c_[corners, np.ones(3)], moved).T


@functools.cache
def _between_nodes(size: int) -> torch.Tensor:
    """Bicubic interpolation from the elastic nodes to a line of pixels, as a
    matrix (size, nodes)."""
    eye = torch.eye(ELASTIC_NODES, dtype=torch.float64)
    return F.interpolate(eye[None, None], size=(ELASTIC_NODES, size),
                         mode="bicubic", align_corners=True)[0, 0].T


def sample(image: PaperImage, rng: np.random.Generator, size: int
           ) -> tuple[torch.Tensor, torch.Tensor]:
    """A crop: image (size, size) f32 and classes (size, size) int64. One
    interpolation does the affine and the elastic deformation."""
    full = image.image.shape[0]
    if size > full:
        raise ValueError(f"crops of {size} from images of {full}")
    top, left = (int(v) for v in rng.integers(0, full - size + 1, 2))
    a = affine(rng, full)
    nodes = torch.from_numpy(rng.normal(
        0, ELASTIC_DEVIATION * full, (2, ELASTIC_NODES, ELASTIC_NODES)))
    lines = _between_nodes(full)
    bend = lines[top:top + size] @ nodes @ lines[left:left + size].T
    y = torch.arange(top, top + size)[:, None] + 0.5
    x = torch.arange(left, left + size)[None, :] + 0.5
    from_x, from_y = (m[0] * x + m[1] * y + m[2] + b for m, b in zip(a, bend))
    if rng.random() < 0.5:
        from_x, from_y = from_x.flip(1), from_y.flip(1)
    if rng.random() < 0.5:
        from_x, from_y = from_x.flip(0), from_y.flip(0)
    # What moves in from outside is the frame's mirror image, nuclei as well.
    grid = torch.stack([from_x, from_y], -1)[None].float() * 2 / full - 1
    crop = F.grid_sample(image.image[None, None].float(), grid, "bilinear",
                         "reflection", align_corners=False)[0, 0]
    mask = F.grid_sample(image.mask[None, None].float(), grid, "nearest",
                         "reflection", align_corners=False)[0, 0]
    crop = crop * rng.uniform(0.8, 1.2) + rng.uniform(-0.2, 0.2)
    return crop, mask.long()


class PaperBatches:
    """Batches by number: batch i of a seed is always the same. Each epoch
    shows every image once, in an order of its own (3.4)."""

    def __init__(self, images: list[PaperImage], seed: int, batch: int,
                 size: int):
        self.images, self.seed = images, seed
        self.batch, self.size = batch, size

    def picks(self, number: int) -> list[int]:
        """The images of a batch."""
        n = len(self.images)
        places = range(number * self.batch, (number + 1) * self.batch)
        orders = {e: np.random.default_rng([self.seed, 1, e]).permutation(n)
                  for e in {p // n for p in places}}
        return [int(orders[p // n][p % n]) for p in places]

    def __call__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (N, 1, S, S) f32 and classes (N, S, S) int64."""
        rng = np.random.default_rng([self.seed, 2, number])
        crops = [sample(self.images[i], rng, self.size)
                 for i in self.picks(number)]
        return (torch.stack([c[0] for c in crops])[:, None],
                torch.stack([c[1] for c in crops]))
