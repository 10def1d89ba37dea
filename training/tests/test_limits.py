# SPDX-License-Identifier: LGPL-2.1-or-later
"""No tool writes a model file that the engine refuses."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

try:
    import torch  # noqa: F401
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import graph, limits, runner
from nucseg_training.decode import OutputSpec
from nucseg_training.prepare import InputSpec


class Limits(unittest.TestCase):
    def save(self, name: str = "m", weight: float = 1.0, **decoder) -> None:
        g = graph.Graph(1)
        g.output = g.conv("maps", "input", np.full((3, 1, 1, 1), weight))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.safetensors"
            try:
                graph.save_model(path, g, InputSpec().to_json(),
                                 OutputSpec(**decoder).to_json(), name)
            finally:
                self.written = path.exists()

    def test_names(self) -> None:
        for stem, name in (("hela.v2", "hela.v2"), ("MyNuclei", "mynuclei"),
                           ("My nuclei (2)", "my-nuclei-2"),
                           ("Zellkerne Müller", "zellkerne-muller"),
                           ("_a", "a")):
            self.assertEqual(limits.name_from(stem), name)
            limits.check_name(name)
        with self.assertRaisesRegex(ValueError, "letters a to z"):
            limits.name_from("核")
        for name in ("My", "-a", "", "a b", "a" * 129):
            with self.assertRaisesRegex(ValueError, "a-z0-9"):
                self.save(name)
            self.assertFalse(self.written)

    def test_decoders_and_weights(self) -> None:
        self.save(threshold=0.9999, radius=64)
        for key, value in (("threshold", 1.0), ("threshold", float("nan")),
                           ("min_votes", 0), ("radius", 65),
                           ("vote_reach", 1025), ("min_area", -1)):
            with self.assertRaisesRegex(ValueError, f"{key} .* expected"):
                self.save(**{key: value})
            self.assertFalse(self.written)
        with self.assertRaisesRegex(ValueError, "maps.weight.*3 of 3"):
            self.save(weight=float("nan"))

    def test_optional_keys_have_the_formats_defaults(self) -> None:
        spec = runner.input_spec({"color": "grey", "polarity": "bright",
                                  "normalization": {"method": "minmax"}})
        self.assertEqual((spec.smoothing, spec.clip, spec.min_range,
                          spec.pixel_size_um), (0, (0, 1), 0, 0))
        out = runner.output_spec({"maps": ["foreground"], "decoder": {
            "method": "components", "threshold": 0.5}})
        self.assertEqual(out.min_area, 0)


if __name__ == "__main__":
    unittest.main()
