# SPDX-License-Identifier: LGPL-2.1-or-later
"""Labels from ImageJ's regions of interest: .roi files, and the .zip files
that its ROI Manager saves."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from roifile import ROI_OPTIONS, ROI_SUBTYPE, ROI_TYPE, ImagejRoi
from skimage import draw

from .image_files import warn

EXPECTED = ("areas are expected: polygon, freehand, traced, oval, rectangle "
            "or a composite of them")
NOT_AREAS = {ROI_TYPE.LINE: "a straight line", ROI_TYPE.ANGLE: "an angle",
             ROI_TYPE.FREELINE: "a freehand line",
             ROI_TYPE.POLYLINE: "a segmented line", ROI_TYPE.POINT: "points",
             ROI_TYPE.NOROI: "empty"}
NOT_AREAS_EITHER = {ROI_SUBTYPE.TEXT: "a text", ROI_SUBTYPE.ARROW: "an arrow",
                    ROI_SUBTYPE.IMAGE: "an image"}
# Floats behind each command of a composite's path, and points of a curve.
ARGUMENTS = {0: 2, 1: 2, 2: 4, 3: 6, 4: 0}
CURVE_STEPS = 16

Pixels = tuple[np.ndarray, np.ndarray]


def read_rois(path: Path) -> list[tuple[str, ImagejRoi]]:
    """The ROIs of a file in its order, with names for messages."""
    try:
        if path.suffix.lower() == ".roi":
            return [(path.stem, ImagejRoi.frombytes(path.read_bytes()))]
        rois = []
        with zipfile.ZipFile(path) as z:
            names = [n for n in z.namelist() if not n.endswith("/")
                     and not n.startswith("__MACOSX/")]
            for name in names:
                if name.lower().endswith(".roi"):
                    rois.append((name, ImagejRoi.frombytes(z.read(name))))
    except MemoryError:
        raise
    except Exception as error:
        # A damaged file raises whatever its bytes happen to mean.
        raise ValueError(f"{path}: {error}; ImageJ's ROIs are expected, a .roi "
                         "file or a .zip of them") from error
    if names and not rois:
        raise ValueError(f"{path}: no .roi file among the {len(names)} files "
                         f"in it, the first is {names[0]}; ROIs saved by "
                         "ImageJ's ROI Manager are expected")
    return rois


def _curve(points: np.ndarray) -> np.ndarray:
    """Points of a Bezier curve behind its first one."""
    t = np.linspace(0, 1, CURVE_STEPS + 1)[1:, None]
    while len(points) > 1:
        points = [a * (1 - t) + b * t for a, b in zip(points, points[1:])]
    return points[0]


def _outlines(path: np.ndarray) -> list[np.ndarray]:
    """The polygons (n, 2) of x and y in a composite's path. (roifile knows
    no curves, and ovals in a composite are curves.)"""
    outlines: list[list[np.ndarray]] = []
    at = 0
    while at < len(path):
        command = int(path[at])
        if command not in ARGUMENTS or (command and not outlines):
            raise ValueError(f"command {command} in a composite's path")
        n = ARGUMENTS[command]
        points = np.asarray(path[at + 1:at + 1 + n], float).reshape(-1, 2)
        if len(points) * 2 < n:
            raise ValueError("a composite's path ends early")
        if command == 0:
            outlines.append([points])
        elif command == 1:
            outlines[-1].append(points)
        elif n:
            last = outlines[-1][-1][-1:]
            outlines[-1].append(_curve(list(np.concatenate([last, points]))))
        at += 1 + n
    return [np.concatenate(o) for o in outlines]


def _polygon(xy: np.ndarray, shape: tuple[int, int]) -> Pixels:
    """The pixels whose centres a polygon holds. ImageJ counts from the
    pixels' corners."""
    return draw.polygon(xy[:, 1] - 0.5, xy[:, 0] - 0.5, shape)


def _composite(path: np.ndarray, shape: tuple[int, int]) -> Pixels:
    """The pixels that an odd number of a path's polygons hold: holes are
    polygons, too."""
    mask = np.zeros(shape, bool)
    for xy in _outlines(path):
        inside = np.zeros(shape, bool)
        inside[_polygon(xy, shape)] = True
        mask ^= inside
    return np.nonzero(mask)


def _box(roi: ImagejRoi) -> tuple[float, float, float, float]:
    """Left, top, width and height."""
    if roi.subpixelrect and roi.widthd > 0 and roi.heightd > 0:
        return roi.xd, roi.yd, roi.widthd, roi.heightd
    return roi.left, roi.top, roi.right - roi.left, roi.bottom - roi.top


def pixels_of(roi: ImagejRoi, shape: tuple[int, int]) -> Pixels:
    """The pixels of an image that a ROI holds; ValueError where it is no
    area."""
    kind = NOT_AREAS_EITHER.get(roi.subtype) or NOT_AREAS.get(roi.roitype)
    if kind is None and roi.options & ROI_OPTIONS.SPLINE_FIT:
        # Only its knots are in the file.
        kind = "a spline (Edit > Selection > Interpolate makes an area of it)"
    if kind is not None:
        raise ValueError(f"is {kind}; {EXPECTED}")
    if roi.composite:
        return _composite(roi.multi_coordinates, shape)
    x, y, w, h = _box(roi)
    if roi.roitype == ROI_TYPE.OVAL:
        return draw.ellipse(y + h / 2 - 0.5, x + w / 2 - 0.5, h / 2, w / 2,
                            shape)
    if roi.roitype == ROI_TYPE.RECT:
        return _polygon(np.array([[x, y], [x + w, y], [x + w, y + h],
                                  [x, y + h]]), shape)
    if roi.roitype in (ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED):
        return _polygon(np.asarray(roi.coordinates(), float), shape)
    raise ValueError(f"is of kind {int(roi.roitype)}; {EXPECTED}")


def read_labels(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """A file's ROIs as int32 labels for an image of the shape (H, W). Where
    ROIs overlap, the later one takes the pixels that are still free."""
    labels = np.zeros(shape, np.int32)
    rois = read_rois(path)
    planes = {(r.position, r.z_position, r.t_position) for _, r in rois}
    planes.discard((0, 0, 0))
    if len(planes) > 1:
        raise ValueError(f"{path}: ROIs on {len(planes)} planes of a stack "
                         "(position, z, t: "
                         f"{', '.join(map(str, sorted(planes)[:3]))}); ROIs "
                         "of one plane are expected")
    found = hidden = 0
    for name, roi in rois:
        try:
            y, x = pixels_of(roi, shape)
            if (roi.left >= shape[1] or roi.top >= shape[0]
                    or roi.right <= 0 or roi.bottom <= 0):
                raise ValueError(
                    f"begins at x {roi.left}, y {roi.top} and lies outside the "
                    f"image; {shape[1]}x{shape[0]} pixels are expected")
        except ValueError as error:
            raise ValueError(f"{path}: ROI {name!r} {error}") from error
        free = labels[y, x] == 0
        if free.any():
            found += 1
            labels[y[free], x[free]] = found
        else:
            hidden += 1
    if hidden:
        warn(f"{path}: {hidden} of {len(rois)} ROIs hold no pixel that an "
             "earlier one leaves free and are left out")
    return labels
