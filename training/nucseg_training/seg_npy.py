# SPDX-License-Identifier: LGPL-2.1-or-later
"""The masks in a _seg.npy file of Cellpose, without running what is in it.

Such a file is a pickle, and loading a pickle calls the functions that it
names. Here every name gives a stand-in that only keeps what it was called
with; numpy's arrays are put together from that."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from . import image_files

ADVICE = ("a dictionary with the array 'masks', as Cellpose writes, is "
          "expected; save the masks as PNG or TIFF in Cellpose")


class _StandIn:
    """What a pickle made by calling `name`, and the state it then set."""

    name = ""

    def __init__(self, *args: object, **_kwargs: object):
        self.args, self.state = args, None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        """Never the thing itself."""
        return type("StandIn", (_StandIn,), {"name": f"{module}.{name}"})


def _bytes(value: object) -> bytes:
    """Raw bytes; old pickles have them as an encoded string."""
    if isinstance(value, _StandIn) and value.name == "_codecs.encode":
        return value.args[0].encode("latin-1")
    if not isinstance(value, (bytes, bytearray)):
        raise ValueError("an array without bytes")
    return value


def _dtype(value: object) -> np.dtype:
    """An integer type of a pickle."""
    if not isinstance(value, _StandIn) or value.name != "numpy.dtype":
        raise ValueError("no type of numpy's")
    code = str(value.args[0])
    if code not in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
        raise ValueError(f"values of type {code}")
    order = value.state[1] if value.state else "="
    return np.dtype(code).newbyteorder({"<": "<", ">": ">"}.get(order, "="))


def _array(value: object) -> np.ndarray:
    """An integer array of a pickle; ValueError where it is none."""
    if not (isinstance(value, _StandIn)
            and value.name.endswith(".multiarray._reconstruct")):
        raise ValueError("no array")
    _, shape, dtype, fortran, raw = value.state
    flat = np.frombuffer(_bytes(raw), _dtype(dtype))
    return flat.reshape(shape, order="F" if fortran else "C")


def read_masks(path: Path) -> np.ndarray:
    """The labels (H, W) int32 of a _seg.npy file."""
    try:
        with open(path, "rb") as f:
            version = np.lib.format.read_magic(f)
            read_header = (np.lib.format.read_array_header_1_0
                           if version == (1, 0)
                           else np.lib.format.read_array_header_2_0)
            shape, _, dtype = read_header(f)
            if dtype != object or shape != ():
                raise ValueError(f"an array {shape} of {dtype}")
            outer = _Reader(f).load()
        content = outer.state[4][0]
        if not isinstance(content, dict) or "masks" not in content:
            raise ValueError("no 'masks' in it")
        masks = _array(content["masks"])
    except MemoryError:
        raise
    except Exception as error:
        # A damaged pickle raises whatever its bytes happen to mean.
        raise ValueError(f"{path}: {error}; {ADVICE}") from error
    if masks.ndim == 3 and masks.shape[0] == 1:
        masks = masks[0]
    return image_files.as_labels(masks, path)
