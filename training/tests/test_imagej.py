# SPDX-License-Identifier: LGPL-2.1-or-later
"""ImageJ's regions of interest: the pixels they hold, what is refused."""

import unittest
import zipfile

import numpy as np

try:
    import roifile
    import torch  # noqa: F401
except ImportError as error:
    raise unittest.SkipTest("training/requirements.txt is not installed") from error

from .user_files import Folder, rectangle, squares


def polygon(*points: tuple[float, float], kind: int = 0) -> roifile.ImagejRoi:
    roi = roifile.ImagejRoi.frompoints(np.array(points))
    roi.roitype = roifile.ROI_TYPE(kind)
    return roi


def composite(*path: float) -> roifile.ImagejRoi:
    roi = rectangle(0, 0, 24, 20, roifile.ROI_TYPE.RECT)
    roi.multi_coordinates = np.array(path, np.float32)
    roi.shape_roi_size = len(path)
    return roi


class Rois(Folder):
    def setUp(self) -> None:
        super().setUp()
        self.image()
        self.path = self.labels / "a.zip"

    def rois(self, *rois: roifile.ImagejRoi) -> np.ndarray:
        for i, roi in enumerate(rois):
            roi.name = f"{i:04}"
        roifile.roiwrite(self.path, rois, mode="w")
        return self.read(self.labels)[2]

    def test_pixels_whose_centres_are_inside(self) -> None:
        kind = roifile.ROI_TYPE
        corners = (3, 2), (9, 2), (9, 7), (3, 7)
        for roi in (rectangle(3, 2, 9, 7, kind.RECT), polygon(*corners),
                    polygon(*corners, kind=kind.FREEHAND),
                    polygon(*corners, kind=kind.TRACED),
                    polygon(*((x + 0.4, y - 0.4) for x, y in corners)),
                    composite(0, 3, 2, 1, 9, 2, 1, 9, 7, 1, 3, 7, 4)):
            np.testing.assert_array_equal(self.rois(roi),
                                          squares((2, 3, 7, 9)))

    def test_oval(self) -> None:
        yy, xx = np.mgrid[:20, :24] + 0.5
        want = ((xx - 10) / 8) ** 2 + ((yy - 9) / 5) ** 2 < 1
        np.testing.assert_array_equal(
            self.rois(rectangle(2, 4, 18, 14, roifile.ROI_TYPE.OVAL)), want)

    def test_composite_with_a_hole_and_a_curve(self) -> None:
        want = squares((2, 3, 9, 12))
        want[4:6, 5:8] = 0
        np.testing.assert_array_equal(self.rois(composite(
            0, 3, 2, 1, 12, 2, 1, 12, 9, 1, 3, 9, 4,
            0, 5, 4, 1, 5, 6, 1, 8, 6, 1, 8, 4, 4)), want)
        # A circle of four cubic curves, as Java makes ovals.
        k, r, x, y = 0.5523 * 6, 6, 10, 9
        circle = self.rois(composite(
            0, x + r, y, 3, x + r, y + k, x + k, y + r, x, y + r,
            3, x - k, y + r, x - r, y + k, x - r, y,
            3, x - r, y - k, x - k, y - r, x, y - r,
            3, x + k, y - r, x + r, y - k, x + r, y, 4))
        yy, xx = np.mgrid[:20, :24] + 0.5
        np.testing.assert_array_equal(
            circle, (xx - x) ** 2 + (yy - y) ** 2 < r * r)

    def test_overlap_and_order(self) -> None:
        rect = roifile.ROI_TYPE.RECT
        want = squares((4, 4, 10, 10), (2, 2, 8, 8))
        want[4:8, 4:8] = 1
        text = self.told(lambda: np.testing.assert_array_equal(self.rois(
            rectangle(4, 4, 10, 10, rect), rectangle(2, 2, 8, 8, rect),
            rectangle(5, 5, 7, 7, rect)), want))
        self.assertIn("1 of 3 ROIs", text)

    def test_at_the_edge_and_none(self) -> None:
        np.testing.assert_array_equal(
            self.rois(rectangle(-3, -2, 4, 5, roifile.ROI_TYPE.RECT)),
            squares((0, 0, 5, 4)))
        with zipfile.ZipFile(self.path, "w"):
            pass
        self.assertFalse(self.read(self.labels)[2].any())

    def test_no_areas_are_refused_by_name(self) -> None:
        kind = roifile.ROI_TYPE
        text = rectangle(1, 1, 5, 5, kind.RECT)
        text.subtype = roifile.ROI_SUBTYPE.TEXT
        spline = polygon((3, 2), (9, 2), (9, 7))
        spline.options |= roifile.ROI_OPTIONS.SPLINE_FIT
        points = (3, 2), (9, 2), (9, 7)
        for roi, name in (
                (polygon(*points, kind=kind.POINT), "points"),
                (rectangle(1, 1, 5, 5, kind.LINE), "a straight line"),
                (polygon(*points, kind=kind.POLYLINE), "a segmented line"),
                (polygon(*points, kind=kind.FREELINE), "a freehand line"),
                (polygon(*points, kind=kind.ANGLE), "an angle"),
                (text, "a text"), (spline, "a spline")):
            with self.subTest(name=name):
                roi.name = "mine"
                roifile.roiwrite(self.path, [roi], mode="w")
                self.refused(str(self.path), f"ROI 'mine.roi' is {name}",
                             "areas are expected")

    def test_refused(self) -> None:
        outside = rectangle(30, 2, 40, 9, roifile.ROI_TYPE.RECT, "far")
        roifile.roiwrite(self.path, [outside], mode="w")
        self.refused(str(self.path), "'far.roi'", "x 30, y 2", "24x20 pixels")
        rois = [rectangle(3, 2, 9, 7, roifile.ROI_TYPE.RECT, str(i))
                for i in range(2)]
        rois[0].position, rois[1].position = 1, 2
        roifile.roiwrite(self.path, rois, mode="w")
        self.refused(str(self.path), "2 planes", "one plane are expected")
        odd = composite(0, 3, 2, 9, 1)
        roifile.roiwrite(self.path, [odd], mode="w")
        self.refused(str(self.path), "command 9")
        with zipfile.ZipFile(self.path, "w") as z:
            z.writestr("a.png", b"")
        self.refused(str(self.path), "no .roi file", "a.png", "ROI Manager")
        with zipfile.ZipFile(self.path, "w") as z:
            z.writestr("a.roi", b"nothing")
        self.refused(str(self.path), "ImageJ's ROIs are expected")
        self.path.write_bytes(b"nothing")
        self.refused(str(self.path), "ImageJ's ROIs are expected")


if __name__ == "__main__":
    unittest.main()
