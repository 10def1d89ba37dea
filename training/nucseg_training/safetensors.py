# SPDX-License-Identifier: LGPL-2.1-or-later
"""The safetensors container, f32 only: same content, same bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np


def write(path: Path, tensors: dict[str, np.ndarray],
          metadata: dict[str, str]) -> str:
    """Writes f32 tensors in the given order; returns the file's SHA-256."""
    header: dict[str, object] = {"__metadata__": metadata}
    data, at = [], 0
    for name, t in tensors.items():
        raw = np.ascontiguousarray(t, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape),
                        "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False
                      ).encode()
    # Spaces bring the tensors to a multiple of 8, as the format's own
    # writer does.
    text += b" " * (-len(text) % 8)
    blob = len(text).to_bytes(8, "little") + text + b"".join(data)
    path.write_bytes(blob)
    return hashlib.sha256(blob).hexdigest()


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and metadata of a file that write() wrote; ValueError names the
    file."""
    blob = path.read_bytes()
    n = int.from_bytes(blob[:8], "little")
    try:
        header = json.loads(blob[8:8 + n])
        metadata = header.pop("__metadata__", {})
    except (ValueError, AttributeError):
        raise ValueError(f"{path}: {len(blob)} bytes without a header of "
                         "safetensors, expected a model file") from None
    tensors = {}
    for name, t in header.items():
        if t["dtype"] != "F32":
            raise ValueError(f"{path}: tensor {name!r} is {t['dtype']}, "
                             "expected F32")
        a, b = (8 + n + o for o in t["data_offsets"])
        if b > len(blob):
            raise ValueError(f"{path}: tensor {name!r} ends at byte {b}, but "
                             f"the file has {len(blob)} bytes: it was cut off")
        tensors[name] = np.frombuffer(blob[a:b], "<f4").reshape(t["shape"])
    return tensors, metadata
