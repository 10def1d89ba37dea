# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user's own images and labels: each style that is read, each file that is
refused."""

import unittest
from pathlib import Path

import numpy as np
from PIL import Image

try:
    import roifile
    import tifffile
    import torch
except ImportError as error:
    raise unittest.SkipTest("training/requirements.txt is not installed") from error

from nucseg_training import canvas, data, prepare, user_data

from .user_files import GREY, LABELS, Folder, rectangle, squares

SPEC = prepare.InputSpec()


class Pairs(Folder):
    def test_names(self) -> None:
        self.image("b.PNG")
        self.image("a.JPG")
        self.image("c.bmp")
        tifffile.imwrite(self.images / "d.TIF", GREY)
        (self.images / "._e.png").touch()
        (self.images / "notes.txt").touch()
        for name in ("a.png", "b.tif", "c.tiff", "d.png"):
            self.label(name)
        pairs = user_data.find_pairs(self.images, self.labels)
        self.assertEqual([(p.id, p.image.name, p.labels.name) for p in pairs],
                         [("a", "a.JPG", "a.png"), ("b", "b.PNG", "b.tif"),
                          ("c", "c.bmp", "c.tiff"), ("d", "d.TIF", "d.png")])
        for p in pairs:
            grey, bits, labels = user_data.read_pair(p)
            self.assertEqual((grey.dtype, bits), (np.uint8, 8))
            np.testing.assert_array_equal(labels, LABELS)
            self.assertEqual(labels.dtype, np.int32)

    def test_stardist(self) -> None:
        self.image("a.tif")
        self.labels.rename(self.root / "masks")
        tifffile.imwrite(self.root / "masks" / "a.tif",
                         LABELS.astype(np.uint16))
        (by_root,) = user_data.find_pairs(self.root)
        (by_both,) = user_data.find_pairs(self.images, self.root / "masks")
        self.assertEqual(by_root, by_both)
        np.testing.assert_array_equal(user_data.read_pair(by_root)[2], LABELS)

    def test_cellpose(self) -> None:
        self.labels = self.images
        for stem, label in (("a", "a_masks.png"), ("b", "b_cp_masks.tif"),
                            ("c", "c_seg.npy")):
            self.image(f"{stem}.png")
            self.image(f"{stem}_flows.tif")
            self.image(f"{stem}_cp_output.png")
            if not label.endswith(".npy"):
                self.label(label)
        np.save(self.images / "c_seg.npy", {"masks": LABELS.astype("u2")})
        # Corrections are in _seg.npy, which is newer than _cp_masks.
        self.label("c_cp_masks.png", LABELS * 0)
        pairs = user_data.find_pairs(self.images)
        self.assertEqual([p.labels.name for p in pairs],
                         ["a_masks.png", "b_cp_masks.tif", "c_seg.npy"])
        for p in pairs:
            np.testing.assert_array_equal(user_data.read_pair(p)[2], LABELS)

    def test_imagej_names(self) -> None:
        names = ("a.roi", "b.zip", "c_rois.zip", "RoiSet-d.zip", "e_RoiSet.zip")
        roi = rectangle(3, 2, 9, 7, roifile.ROI_TYPE.RECT)
        for stem, name in zip("abcde", names):
            self.image(f"{stem}.png")
            roi.tofile(self.labels / name, name="one")
        pairs = user_data.find_pairs(self.images, self.labels)
        self.assertEqual([p.labels.name for p in pairs], list(names))
        for p in pairs:
            np.testing.assert_array_equal(user_data.read_pair(p)[2],
                                          squares((2, 3, 7, 9)))

    def test_images_without_labels_are_left_out(self) -> None:
        for name in ("a.png", "b.png"):
            self.image(name)
        self.label("b.png")
        text = self.told(user_data.find_pairs, self.images, self.labels)
        self.assertIn("no labels for 1 of 2 images", text)
        self.assertIn("a.png", text)

    def test_refused(self) -> None:
        self.refused(f"{self.images}: no image", ".jpg")
        self.image("a_masks.png")
        self.refused(f"{self.images}: no image", "_masks")
        self.image("a.png")
        self.refused(f"{self.labels}: no labels for any of the 1 images",
                     "a.tif", "RoiSet-a.zip", labels=self.labels)
        self.refused("no such folder", labels=self.root / "nowhere")
        self.label("a.png")
        self.label("a.tif")
        self.refused("a.tif", "a.png", "one file is expected")
        self.image("a.bmp")
        self.refused("a.png: a.bmp has the same name")

    def test_labels_that_need_another_form(self) -> None:
        self.image("a.jpg")
        self.image("b.jpg")
        for name in ("a.tif", "a.tiff"):
            self.refused(f"{self.labels}: no labels for any of the 2", name)
        with self.assertRaises(ValueError) as caught:
            user_data.find_pairs(self.images)
        self.assertNotIn("JPEG", str(caught.exception))
        jpeg = self.labels / "b.JPEG"
        Image.fromarray(LABELS.astype(np.uint8)).save(jpeg)
        (self.labels / "c.jpg").write_bytes(jpeg.read_bytes())
        self.refused("there is b.JPEG (JPEG changes numbers and can't hold "
                     "labels)")
        jpeg.rename(self.images / "b_masks.jpg")
        self.refused("there is b_masks.jpg (JPEG", labels=self.images)
        lone = self.labels / "RoiSet.zip"
        rectangle(3, 2, 9, 7, roifile.ROI_TYPE.RECT).tofile(lone, name="one")
        renamed = "must be renamed to its image: RoiSet-"
        self.refused(f"{renamed}a.zip for a.jpg")
        # Also where other images have labels.
        self.label("a.png")
        self.assertIn(f"{renamed}b.zip for b.jpg", self.told(
            user_data.find_pairs, self.images, self.labels))
        # An image of that name has them.
        self.image("RoiSet.jpg")
        self.assertNotIn("renamed", self.told(
            user_data.find_pairs, self.images, self.labels))

    def test_split(self) -> None:
        pairs = [user_data.Pair(str(i), Path(), Path()) for i in range(10)]
        train, held = user_data.split_pairs(pairs, 0.2, 1)
        self.assertEqual((len(train), len(held)), (8, 2))
        self.assertEqual(sorted(train + held, key=lambda p: p.id), pairs)
        self.assertEqual(user_data.split_pairs(pairs, 0.2, 1), (train, held))
        self.assertNotEqual({p.id for s in range(2, 9) for p in
                             user_data.split_pairs(pairs, 0.2, s)[1]},
                            {p.id for p in held})
        self.assertEqual(user_data.split_pairs(pairs, 0, 1), (pairs, []))
        self.assertEqual([len(s) for s in
                          user_data.split_pairs(pairs[:2], 0.01, 1)], [1, 1])
        self.assertIn("none is held out", self.told(
            user_data.split_pairs, pairs[:1], 0.2, 1))
        for share in (-0.1, 1.0, float("nan")):
            with self.assertRaisesRegex(ValueError, f"--hold-out {share}"):
                user_data.split_pairs(pairs, share, 1)


class Images(Folder):
    def tiff(self, pixels: np.ndarray, **options: object) -> Path:
        self.label("a.png")
        path = self.images / "a.tif"
        tifffile.imwrite(path, pixels, **options)
        return path

    def test_depths_and_colours(self) -> None:
        wide = GREY.astype(np.uint16) * 100
        rgb = np.stack([GREY, GREY // 2, GREY // 4], -1)
        luma = prepare.to_grey(rgb)
        rgba = np.concatenate([rgb, rgb[..., :1]], -1)
        palette = np.stack([np.arange(256, dtype=np.uint16) * 256] * 3)
        for want, pixels, options in (
                (GREY, GREY, {}), (wide, wide, {}),
                (wide, wide, {"byteorder": ">", "imagej": True}),
                (wide, wide, {"compression": "zlib", "predictor": 2}),
                (luma, rgb, {"photometric": "rgb"}),
                (prepare.to_grey(rgb.astype(np.uint16)),
                 rgb.astype(np.uint16), {"photometric": "rgb"}),
                (luma, np.moveaxis(rgb, -1, 0),
                 {"photometric": "rgb", "planarconfig": "separate"}),
                (luma, rgba, {"photometric": "rgb",
                              "extrasamples": ["unassalpha"]}),
                (255 - GREY, GREY, {"photometric": "miniswhite"}),
                (GREY, GREY, {"photometric": "palette", "colormap": palette})):
            with self.subTest(dtype=pixels.dtype, shape=pixels.shape,
                              options=list(options)):
                self.tiff(pixels, **options)
                grey, bits, _ = self.read(self.labels)
                np.testing.assert_array_equal(grey, want)
                self.assertEqual((grey.dtype, bits),
                                 (want.dtype, 8 * want.itemsize))

    def test_lzw_needs_no_further_package(self) -> None:
        for pixels in (GREY, GREY.astype(np.uint16) * 99):
            self.label("a.png")
            Image.fromarray(pixels).save(self.images / "a.tif",
                                         compression="tiff_lzw")
            grey, bits, _ = self.read(self.labels)
            np.testing.assert_array_equal(grey, pixels)
            self.assertEqual(bits, 8 * pixels.itemsize)

    def test_png_of_16_bits_and_of_colours(self) -> None:
        self.label("a.png")
        self.image("a.png", GREY.astype(np.uint16) * 9)
        grey, bits, _ = self.read(self.labels)
        self.assertEqual((int(grey.max()), bits), (1800, 12))
        rgb = np.stack([GREY] * 4, -1)
        self.image("a.png", rgb)
        np.testing.assert_array_equal(self.read(self.labels)[0], GREY)

    def test_refused(self) -> None:
        for pixels, options, texts in (
                (GREY.astype(np.float32), {}, ("float32 values", "8 or 16")),
                (GREY.astype(np.int16), {}, ("int16 values", "unsigned")),
                (GREY.astype(np.uint32), {}, ("uint32 values", "8 or 16")),
                (np.stack([GREY] * 5), {"photometric": "minisblack"},
                 ("5 planes", "5x20x24", "one plane is expected")),
                (np.stack([GREY] * 3), {"imagej": True},
                 ("one plane is expected",)),
                (np.stack([GREY] * 5, -1),
                 {"photometric": "minisblack", "planarconfig": "contig"},
                 ("5 channels",)),
                (np.stack([GREY] * 4, -1), {"photometric": "separated"},
                 ("SEPARATED", "grey or RGB"))):
            with self.subTest(texts=texts):
                path = self.tiff(pixels, **options)
                self.refused(str(path), *texts)

    def test_damaged(self) -> None:
        self.label("a.png")
        self.label("b.png")
        for name in ("a.tif", "b.png"):
            path = self.images / name
            path.write_bytes(b"nothing of the kind")
            self.refused(str(path), "cannot be read", "is expected")
            path.unlink()


class Labels(Folder):
    def setUp(self) -> None:
        super().setUp()
        self.image()

    def test_depths(self) -> None:
        for pixels in (LABELS.astype(np.uint8), LABELS.astype(np.uint16),
                       LABELS.astype(np.uint32), LABELS,
                       LABELS.astype(np.float32), LABELS * 70000):
            self.label("a.tif", pixels)
            labels = self.read(self.labels)[2]
            np.testing.assert_array_equal(labels, pixels)
            self.assertEqual(labels.dtype, np.int32)

    def test_no_nucleus(self) -> None:
        self.label("a.png", LABELS * 0)
        self.assertFalse(self.read(self.labels)[2].any())

    def test_one_value_for_all(self) -> None:
        for value in (255, 1, 65535):
            self.label("a.png", (LABELS > 0) * value)
            text = self.told(lambda: np.testing.assert_array_equal(
                self.read(self.labels)[2], LABELS))
            self.assertIn(f"{self.labels}: there are masks whose nuclei all "
                          f"have the value {value}", text)
        # One nucleus is no such mask.
        self.label("a.png", (LABELS == 1) * 1)
        self.assertEqual(self.told(self.read, self.labels), "")

    def test_refused(self) -> None:
        path = self.label("a.tif", np.stack([LABELS.astype(np.uint8)] * 3, -1))
        self.refused(str(path), "colour image", "one number for each nucleus")
        self.label("a.tif", LABELS - 1)
        self.refused(str(path), "value -1", "0 = background")
        self.label("a.tif", LABELS * np.float32(0.5))
        self.refused(str(path), "value 0.5")
        self.label("a.tif", LABELS.astype(np.uint32) // 2 * np.uint32(2 ** 31))
        self.refused(str(path), "value 2147483648", "2147483647 are expected")
        self.label("a.tif", np.stack([LABELS.astype(np.uint16)] * 5))
        self.refused(str(path), "5 planes", "one plane is expected")
        self.label("a.tif", LABELS[1:].astype(np.uint16))
        self.refused(str(path), "24x19 pixels", "24x20 are expected", "a.png")
        path.unlink()
        path = self.labels / "a.png"
        Image.fromarray(np.stack([GREY] * 3, -1)).save(path)
        self.refused(str(path), "colour image")


class Canvases(Folder):
    def test_kind(self) -> None:
        self.assertEqual(user_data.kind_of(GREY, LABELS), "fluorescence")
        self.assertEqual(user_data.kind_of(255 - GREY, LABELS), "brightfield")
        wide = 65535 - GREY.astype(np.uint16)
        self.assertEqual(user_data.kind_of(wide, LABELS), "brightfield")
        self.assertEqual(user_data.kind_of(GREY, LABELS * 0), "fluorescence")
        self.assertEqual(user_data.kind_of(255 - GREY, LABELS * 0),
                         "brightfield")

    def test_the_same_as_of_a_data_set(self) -> None:
        self.image()
        self.label()
        pairs = user_data.find_pairs(self.images, self.labels)
        (mine,) = user_data.make_canvases(pairs, SPEC)
        entry = data.Entry("a", "fluorescence", "train")
        theirs = canvas.make_canvas(self.root, entry, SPEC)
        self.assertEqual((mine.entry, mine.box), (entry, theirs.box))
        for a, b in ((mine.image, theirs.image), (mine.half, theirs.half),
                     (mine.labels, theirs.labels)):
            self.assertTrue(torch.equal(a, b))
        self.assertEqual(mine.labels.dtype, torch.int16)
        y0, x0, y1, x1 = mine.box
        inside = mine.labels[y0:y1, x0:x1].numpy()
        np.testing.assert_array_equal(inside > 0, LABELS > 0)

    def test_more_nuclei_than_16_bits(self) -> None:
        labels = np.zeros((400, 400), np.int32)
        labels[::2, ::2] = 1
        grey = labels.astype(np.uint8)
        made = canvas.from_arrays(data.Entry("a", "fluorescence", "train"),
                                  grey, 8, labels, SPEC)
        self.assertEqual(made.labels.dtype, torch.int32)
        self.assertGreater(int(made.labels.max()), 40000)
        self.assertGreaterEqual(int(made.labels.min()), 0)

    def test_no_nucleus_anywhere(self) -> None:
        self.image()
        self.label("a.png", LABELS * 0)
        pairs = user_data.find_pairs(self.images, self.labels)
        with self.assertRaisesRegex(ValueError, "no nucleus in any of the 1"):
            user_data.make_canvases(pairs, SPEC)


if __name__ == "__main__":
    unittest.main()
