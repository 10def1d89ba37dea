# SPDX-License-Identifier: LGPL-2.1-or-later
"""Image files as users have them: PNG, TIFF, JPEG and BMP, read as `nucseg`
reads them, and label images. What cannot be used is refused with a ValueError
that names the file, what is in it and what was expected."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import tifffile
from PIL import Image

from . import data, label_check

Read = TypeVar("Read")
IMAGE_ENDINGS = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")
LABEL_ENDINGS = (".png", ".tif", ".tiff")
EXPECTED = "unsigned 8 or 16 bits, grey or RGB(A), are expected"
EXPECTED_LABELS = ("a label image is expected: grey, 8, 16 or 32 bits, 0 = "
                   "background, one number for each nucleus")


@functools.cache
def warn(text: str) -> None:
    """Tells the user, once for each text."""
    print(f"warning: {text}", file=sys.stderr)


def _is_tiff(path: Path) -> bool:
    return path.suffix.lower() in (".tif", ".tiff")


def _whole(count: int) -> str:
    return "one plane is expected: save each as a file of its own" \
        if count > 1 else "one plane, grey or RGB(A), is expected"


def _read_tiff(path: Path) -> tuple[np.ndarray, str, np.ndarray | None]:
    """Samples (H, W) or (H, W, C) of the one plane that a file may have, what
    they stand for (tifffile's name of the photometric tag) and its palette."""
    with tifffile.TiffFile(path) as tif:
        count, series = len(tif.pages), tif.series[0]
        shape = "x".join(map(str, series.shape))
        if count > 1 or len(tif.series) > 1:
            raise ValueError(f"{count} planes ({series.axes} {shape}); "
                             + _whole(count))
        page = tif.pages[0]
        meaning, palette = page.photometric.name, page.colormap
        try:
            a = series.asarray()
        except ValueError as error:
            # LZW needs a package that is large; Pillow knows LZW, too, but
            # inverts at times where zero is white.
            if "imagecodecs" not in str(error) or meaning == "MINISWHITE":
                raise
            with Image.open(path) as im:
                a = np.asarray(im)
            axes = "YXS"[:a.ndim]
        else:
            axes = series.axes
    a = a.astype(a.dtype.newbyteorder("="), copy=False)
    if axes == "SYX":
        a, axes = np.moveaxis(a, 0, -1), "YXS"
    if axes not in ("YX", "YXS"):
        raise ValueError(f"axes {axes}, {shape}; {_whole(a.shape[0])}")
    return a, meaning, palette


def _opened(path: Path, read: Callable[[Path], Read]) -> Read:
    """What `read` makes of a file; the file is named in every error."""
    try:
        return read(path)
    except MemoryError:
        raise
    except Exception as error:
        if (isinstance(error, ValueError)
                and not isinstance(error, tifffile.TiffFileError)):
            raise ValueError(f"{path}: {error}") from error
        # Decoders raise whatever they please at a file that is damaged.
        raise ValueError(f"{path}: cannot be read ({error}); a PNG, TIFF, JPEG "
                         "or BMP file is expected") from error


def _read_tiff_image(path: Path) -> tuple[np.ndarray, int]:
    frame, meaning, palette = _read_tiff(path)
    if frame.dtype == bool:
        frame = frame.astype(np.uint8) * 255
    if frame.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"{frame.dtype} values; {EXPECTED}")
    if meaning == "PALETTE" and palette is not None and frame.ndim == 2:
        if palette.max() > 255:
            palette = palette >> 8
        frame = palette.T[frame].astype(np.uint8)
    elif meaning == "MINISWHITE":
        frame = np.iinfo(frame.dtype).max - frame
    elif meaning not in ("MINISBLACK", "RGB", "YCBCR"):
        raise ValueError(f"photometric interpretation {meaning}; {EXPECTED}")
    if frame.ndim == 3 and frame.shape[2] < 3:
        frame = frame[..., 0]  # grey and alpha
    if frame.ndim == 3 and frame.shape[2] > 4:
        raise ValueError(f"{frame.shape[2]} channels; {EXPECTED}")
    return data.grey_of(frame)


def read_image(path: Path) -> tuple[np.ndarray, int]:
    """Grey integers (H, W), uint8 or uint16, and their bits."""
    return _opened(path, _read_tiff_image if _is_tiff(path)
                   else data.read_image)


def as_labels(a: np.ndarray, path: Path) -> np.ndarray:
    """Whole numbers of any type as int32, as they are."""
    if a.ndim != 2:
        raise ValueError(f"{path}: labels of {a.ndim} dimensions "
                         f"({'x'.join(map(str, a.shape))}); {EXPECTED_LABELS}")
    if a.dtype.kind == "b":
        a = a.astype(np.uint8)
    # ImageJ keeps more than 65,535 labels as floating-point numbers.
    if a.dtype.kind == "f":
        whole = np.isfinite(a) & (a == np.floor(a))
        if not whole.all():
            raise ValueError(f"{path}: value {a[~whole][0]}; {EXPECTED_LABELS}")
    elif a.dtype.kind not in "iu":
        raise ValueError(f"{path}: {a.dtype} values; {EXPECTED_LABELS}")
    if a.size and a.min() < 0:
        raise ValueError(f"{path}: value {a.min():.0f}; {EXPECTED_LABELS}")
    if a.size and a.max() > 2 ** 31 - 1:
        raise ValueError(f"{path}: value {int(a.max())}; labels up to "
                         f"{2 ** 31 - 1} are expected")
    return a.astype(np.int32)


def _read_numbers(path: Path) -> np.ndarray:
    """A label image's numbers; of a palette, the indices."""
    if _is_tiff(path):
        a, meaning, _ = _read_tiff(path)
    else:
        with Image.open(path) as im:
            a, meaning = np.asarray(im), im.mode
    if a.ndim == 3 or meaning == "RGB":
        raise ValueError(f"is a colour image ({meaning}); {EXPECTED_LABELS}")
    return a


def read_label_image(path: Path) -> np.ndarray:
    """A label image as int32 (H, W). A mask that has only one value becomes
    its pieces; what can't be labels is refused."""
    labels = as_labels(_opened(path, _read_numbers), path)
    label_check.check_labels(labels, path)
    return split_binary(labels, path)


def split_binary(labels: np.ndarray, path: Path) -> np.ndarray:
    """Labels as they are, or where one value stands for all nuclei, a label
    for each 4-connected piece of it."""
    value = int(labels.max(initial=0))
    inside = labels > 0
    if value == 0 or (labels[inside] != value).any():
        return labels
    pieces = data.split_pieces(labels)
    if value != 255 and pieces.max() == 1:
        return labels
    warn(f"{path.parent}: there are masks whose nuclei all have the value "
         f"{value}: nuclei that touch become one; label images with a number "
         "for each nucleus train better")
    return pieces
