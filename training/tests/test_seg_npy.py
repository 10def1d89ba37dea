# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cellpose's _seg.npy files: their masks, and that nothing in them runs."""

import os
import pickle
import unittest
from pathlib import Path

import numpy as np

try:
    import torch  # noqa: F401
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from .user_files import LABELS, Folder


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


class SegNpy(Folder):
    def setUp(self) -> None:
        super().setUp()
        self.image()

    def seg(self, content: object, **options: object) -> Path:
        path = self.images / "a_seg.npy"
        np.save(path, content, **options)
        return path

    def test_seg_npy(self) -> None:
        for masks in (LABELS.astype("u2"), LABELS.astype(">u4"),
                      np.asfortranarray(LABELS), LABELS.astype(np.int64),
                      LABELS[None].astype("u2")):
            self.seg({"filename": Path("a.png"), "est_diam": np.float64(3),
                      "flows": [np.zeros(2, np.float32)], "masks": masks})
            np.testing.assert_array_equal(self.read()[2], LABELS)

    def test_old_seg_npy(self) -> None:
        path = self.seg({})
        header = path.read_bytes()[:128]
        outer = np.empty((), object)
        outer[()] = {"masks": LABELS.astype("u2")}
        for protocol in (2, 3, 4):
            path.write_bytes(header + pickle.dumps(outer, protocol))
            np.testing.assert_array_equal(self.read()[2], LABELS)

    def test_seg_npy_runs_nothing(self) -> None:
        mark = self.root / "mark"
        self.seg({"filename": Evil(mark), "masks": LABELS.astype("u2")})
        np.testing.assert_array_equal(self.read()[2], LABELS)
        self.seg({"masks": Evil(mark)})
        self.refused("a_seg.npy", "save the masks as PNG or TIFF",
                     labels=self.images)
        self.assertFalse(mark.exists())

    def test_seg_npy_refused(self) -> None:
        for content, text in (
                ({"outlines": LABELS}, "no 'masks'"), (LABELS, "an array"),
                ({"masks": LABELS * 0.5}, "values of type f8"),
                ({"masks": [1]}, "no array"),
                ({"masks": np.stack([LABELS] * 2)}, "3 dimensions (2x20x24)")):
            path = self.seg(content)
            self.refused(str(path), text, "expected", labels=self.images)
        path.write_bytes(path.read_bytes()[:300])
        self.refused(str(path), "save the masks", labels=self.images)


if __name__ == "__main__":
    unittest.main()
