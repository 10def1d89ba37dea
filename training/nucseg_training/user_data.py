# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user's own images and labels, in the styles of other tools:

- label images of the same names in another folder, as `nucseg` writes them;
- StarDist: folders images/ and masks/ with equal names;
- Cellpose: NAME_masks, NAME_cp_masks or NAME_seg.npy beside each image;
- ImageJ: NAME.roi, or the ROI Manager's NAME.zip, NAME_rois.zip,
  RoiSet-NAME.zip or NAME_RoiSet.zip;
- masks in which all nuclei have one value.

Which one it is shows by the names alone. Every error is a ValueError that
names the file, what is in it and what was expected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import canvas, image_files, imagej, metrics, prepare, runner, seg_npy
from .data import Entry
from .image_files import IMAGE_ENDINGS, LABEL_ENDINGS, warn

# Files that tools write beside an image and that are none.
DERIVED = re.compile(r"_(masks|flows(_\d)?|outlines|cp_output|cellprob)$")
ROI_NAMES = ("{}.roi", "{}.zip", "{}_rois.zip", "RoiSet-{}.zip",
             "{}_RoiSet.zip")
# Where an image has several of these the first counts: Cellpose trains on
# _masks; its window writes corrections to _seg.npy, and _cp_masks when asked.
BESIDE = (("{}_masks", LABEL_ENDINGS), ("{}_seg", (".npy",)),
          ("{}_cp_masks", LABEL_ENDINGS))


@dataclass(frozen=True)
class Pair:
    """An image and the file of its labels."""

    id: str
    image: Path
    labels: Path


def _files(folder: Path) -> list[Path]:
    """The files of a folder by name, without the hidden ones."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    return sorted(p for p in folder.iterdir()
                  if p.is_file() and not p.name.startswith("."))


def _names(pattern: str, endings: tuple[str, ...], stem: str) -> list[str]:
    return [pattern.format(stem) + e for e in endings]


def _labels_of(stem: str, files: dict[str, list[Path]], same_name: bool
               ) -> Path | None:
    """An image's labels among the files, which are keyed by their names with
    the ending in lower case."""
    first = [n.format(stem) for n in ROI_NAMES]
    if same_name:
        first += _names("{}", LABEL_ENDINGS, stem)
    for names in (first, *(_names(p, e, stem) for p, e in BESIDE)):
        found = [p for n in names for p in files.get(n, [])]
        if len(found) > 1:
            raise ValueError(f"{found[0]}: {found[1].name} has labels of the "
                             f"same image {stem}; one file is expected")
        if found:
            return found[0]
    return None


def _keyed(paths: list[Path]) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for p in paths:
        files.setdefault(p.stem + p.suffix.lower(), []).append(p)
    return files


def _some(names: list[str]) -> str:
    """The first few of some names, for a message."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _find_images(folder: Path) -> dict[str, Path]:
    """The images of a folder by their stems, in order."""
    found: dict[str, Path] = {}
    for p in _files(folder):
        if p.suffix.lower() not in IMAGE_ENDINGS or DERIVED.search(p.stem):
            continue
        if p.stem in found:
            raise ValueError(f"{p}: {found[p.stem].name} has the same name but "
                             "for its ending; names that differ are expected")
        found[p.stem] = p
    if not found:
        raise ValueError(
            f"{folder}: no image; names with {', '.join(IMAGE_ENDINGS)} are "
            "expected (those that end in _masks, _flows, _outlines, "
            "_cp_output or _cellprob are not counted as images)")
    return found


def _no_labels(without: dict[str, Path], files: list[Path], beside: bool
               ) -> str:
    """For the end of a message: which of the files were meant as labels of the
    images without any, and why they aren't."""
    if not without:
        return ""
    # Beside the images, one of the same name is the image.
    patterns = [*(() if beside else ("{}",)), *(b[0] for b in BESIDE)]
    stems = {p.format(s) for s in without for p in patterns}
    jpegs = [p.name for p in files
             if p.suffix.lower() in (".jpg", ".jpeg") and p.stem in stems]
    text = (f"; there is {_some(jpegs)} (JPEG changes numbers and can't hold "
            "labels)" if jpegs else "")
    if any(p.name.lower() == "roiset.zip" for p in files):
        stem = next(iter(without))
        text += ("; RoiSet.zip, ImageJ's name whatever the image, must be "
                 f"renamed to its image: RoiSet-{stem}.zip for "
                 f"{without[stem].name}")
    return text


def find_pairs(images: Path, labels: Path | None = None) -> list[Pair]:
    """The images of a folder with their labels, by name. Without a folder of
    labels they are in masks/ or labels/ where `images` has these beside an
    images/, or else beside the images. Images without labels are left out,
    with a warning; a label file without any nucleus is how to say that an
    image has none."""
    if labels is None and (images / "images").is_dir():
        for name in ("masks", "labels"):
            if (images / name).is_dir():
                images, labels = images / "images", images / name
                break
    found = _find_images(images)
    folder = images if labels is None else labels
    beside = folder.resolve() == images.resolve()
    there = _files(folder)
    keyed = _keyed(there)
    pairs, without = [], {}
    for stem, image in found.items():
        path = _labels_of(stem, keyed, not beside)
        if path is None:
            without[stem] = image
        else:
            pairs.append(Pair(stem, image, path))
    used = {p.labels for p in pairs}
    why = _no_labels(without, [p for p in there if p not in used], beside)
    if not pairs:
        stem = next(iter(found))
        names = [*(() if beside else (f"{stem}{e}" for e in LABEL_ENDINGS)),
                 f"{stem}_masks.png", f"{stem}_cp_masks.png",
                 f"{stem}_seg.npy", *(n.format(stem) for n in ROI_NAMES)]
        raise ValueError(f"{folder}: no labels for any of the {len(found)} "
                         f"images in {images}; for {found[stem].name} one of "
                         f"{', '.join(names)} is expected{why}")
    if without:
        warn(f"{folder}: no labels for {len(without)} of {len(found)} images, "
             f"which are left out: {_some([p.name for p in without.values()])}"
             f"{why}")
    return pairs


def read_pair(pair: Pair) -> tuple[np.ndarray, int, np.ndarray]:
    """Grey integers (H, W), their bits (8 or 16), and labels (H, W) int32,
    0 = background."""
    grey, bits = image_files.read_image(pair.image)
    ending = pair.labels.suffix.lower()
    if ending in (".roi", ".zip"):
        labels = imagej.read_labels(pair.labels, grey.shape)
    elif ending == ".npy":
        labels = seg_npy.read_masks(pair.labels)
    else:
        labels = image_files.read_label_image(pair.labels)
    if labels.shape != grey.shape:
        h, w = grey.shape
        raise ValueError(f"{pair.labels}: {labels.shape[1]}x{labels.shape[0]} "
                         f"pixels; {w}x{h} are expected, as {pair.image} has")
    return grey, bits, labels


def split_pairs(pairs: list[Pair], hold_out: float, seed: int
                ) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on and pairs to score alone, a share of `hold_out` but
    at least one of each; both keep their order."""
    if not 0 <= hold_out < 1:
        raise ValueError(f"--hold-out {hold_out}: a share from 0 to below 1 is "
                         "expected")
    if hold_out == 0:
        return list(pairs), []
    if len(pairs) < 2:
        warn("there is one image alone: none is held out, nothing is scored")
        return list(pairs), []
    count = min(len(pairs) - 1, max(1, round(hold_out * len(pairs))))
    drawn = np.random.default_rng(seed).permutation(len(pairs))[:count]
    held = set(drawn.tolist())
    return ([p for i, p in enumerate(pairs) if i not in held],
            [p for i, p in enumerate(pairs) if i in held])


def kind_of(grey: np.ndarray, labels: np.ndarray) -> str:
    """"fluorescence" where nuclei are brighter than the ground, else
    "brightfield"; where one of the two is missing, as the engine guesses."""
    inside = labels > 0
    if inside.any() and not inside.all():
        bright = np.median(grey[inside]) >= np.median(grey[~inside])
    else:
        spec = prepare.InputSpec()
        x = prepare.normalise(grey, 8 * grey.dtype.itemsize, spec)
        bright = prepare.apply_polarity(x, spec) is x
    return "fluorescence" if bright else "brightfield"


def make_canvases(pairs: list[Pair], spec: prepare.InputSpec
                  ) -> list[canvas.Canvas]:
    """Reads pairs and prepares them for sampling."""
    canvases, nuclei = [], 0
    for p in tqdm(pairs, desc="reading", disable=None):
        grey, bits, labels = read_pair(p)
        nuclei += int(labels.any())
        entry = Entry(p.id, kind_of(grey, labels), "train")
        canvases.append(canvas.from_arrays(entry, grey, bits, labels, spec))
    if not nuclei:
        raise ValueError(f"{pairs[0].labels.parent}: no nucleus in any of the "
                         f"{len(pairs)} label files to train on; at least one "
                         "is expected" if pairs else "no images to train on")
    return canvases


def compare(pairs: list[Pair], before: Path | None, after: Path) -> str:
    """A table of the scores of two model files (the first may be missing)."""
    scores = {}
    for what, path in (("before", before), ("after", after)):
        if path is None:
            continue
        predict = runner.from_model(path, {})
        score = scores[f"{what}: {path.stem}"] = metrics.Score()
        for p in tqdm(pairs, desc=what, disable=None):
            grey, bits, labels = read_pair(p)
            score.add(labels, predict(grey, bits))
    return metrics.table(scores)
