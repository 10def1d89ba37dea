# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checkpoints that are damaged or foreign, and what one brings along."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("PyTorch is not installed") from error

from nucseg_training import checkpoint, runner
from nucseg_training.decode import OutputSpec
from nucseg_training.network import AttentionUNet, NetworkConfig
from nucseg_training.prepare import InputSpec


class Checkpoint(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "a.pt"
        self.net = AttentionUNet(NetworkConfig(widths=(4, 6)))
        self.state = {"network": self.net.config.to_dict(), "step": 3,
                      "ema": self.net.state_dict()}
        checkpoint.save(self.path, self.state)

    def refused(self, text: str) -> None:
        with self.assertRaisesRegex(ValueError, f"a.pt: not a .*{text}"):
            checkpoint.load_network(self.path)

    def test_damaged_files(self) -> None:
        whole = self.path.read_bytes()
        weight = self.net.head.weight.detach().numpy().tobytes()
        at = whole.index(weight)
        self.path.write_bytes(whole[:at] + b"\xff\xff" + whole[at + 2:])
        self.refused("checksum")
        for blob in (whole[:len(whole) // 2], b"", b"no checkpoint"):
            self.path.write_bytes(blob)
            self.refused("damaged")

    def test_foreign_files(self) -> None:
        torch.save([1, 2], self.path)
        self.refused("dictionary")
        torch.save({"step": 1}, self.path)
        self.refused("network, ema")
        checkpoint.save(self.path, self.state | {"network": {"depth": 3}})
        self.refused("network: ")
        checkpoint.save(self.path, self.state | {
            "network": NetworkConfig(widths=(4, 8)).to_dict()})
        self.refused("network: ")
        with self.assertRaises(OSError):
            checkpoint.load(self.path.with_name("none.pt"))

    def test_decoder_and_input_come_along(self) -> None:
        config = self.net.config
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(runner.specs_of(self.state, config),
                             (InputSpec(), OutputSpec()))
        self.assertIn("without input, output", said.getvalue())
        spec = InputSpec(polarity="both")
        out = OutputSpec(threshold=0.45, min_votes=26, vote_reach=4)
        note = {"input": spec.to_json(), "output": out.to_json()}
        self.assertEqual(runner.specs_of(self.state | {"note": note}, config),
                         (spec, out))
        with self.assertRaisesRegex(ValueError, "threshold 2: "):
            runner.changed(out, {"threshold": 2})


if __name__ == "__main__":
    unittest.main()
