# SPDX-License-Identifier: LGPL-2.1-or-later
"""The models in models/: the ONNX file is the model file's network, and the
card tells the hashes of both."""

import hashlib
import tempfile
import unittest
from pathlib import Path

import numpy as np

try:
    import onnx
    import onnxruntime
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch, onnx or onnxruntime is not installed") from error

from nucseg_training import graph, onnx_file, safetensors

MODELS = sorted((Path(__file__).resolve().parents[2] / "models").glob(
    "*.safetensors"))


class Shipped(unittest.TestCase):
    def test_there_are_models(self) -> None:
        self.assertGreaterEqual(len(MODELS), 2)

    def test_cards_tell_the_hashes(self) -> None:
        for model in MODELS:
            card = model.with_suffix(".md").read_text(encoding="utf-8")
            for file in (model, model.with_suffix(".onnx")):
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                self.assertIn(digest, card, file.name)

    def test_onnx_has_the_weights(self) -> None:
        for model in MODELS:
            weights, _ = safetensors.read(model)
            found = onnx.load(str(model.with_suffix(".onnx"))).graph.initializer
            named = {t.name: onnx.numpy_helper.to_array(t) for t in found}
            for name, value in weights.items():
                np.testing.assert_array_equal(named[name], value, name)

    def test_onnx_computes_the_maps(self) -> None:
        x = np.random.default_rng(3).random((1, 1, 512, 512), np.float32)
        for model in MODELS:
            net = graph.load_model(model)[0]
            session = onnxruntime.InferenceSession(
                str(model.with_suffix(".onnx")),
                providers=["CPUExecutionProvider"])
            out = session.run(None, {session.get_inputs()[0].name: x})[0]
            with torch.inference_mode():
                expected = net.run(torch.from_numpy(x)).numpy()
            # sums of thousands of products in another order: 4e-5 was seen
            np.testing.assert_allclose(out, expected, atol=1e-3)

    def test_onnx_of_sizes_that_attention_cannot_divide(self) -> None:
        # 1/16 of it is 19 x 13: cells of 4 and 5 rows that overlap.
        size = (304, 208)
        x = np.random.default_rng(4).random((1, 1, *size), np.float32)
        net, _, output, _ = graph.load_model(MODELS[-1])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "m.onnx")
            onnx_file.write(path, net, len(output["maps"]), *size, "m")
            session = onnxruntime.InferenceSession(
                str(path), providers=["CPUExecutionProvider"])
            out = session.run(None, {"input": x})[0]
        with torch.inference_mode():
            expected = net.run(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(out, expected, atol=1e-3)


if __name__ == "__main__":
    unittest.main()
