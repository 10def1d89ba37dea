# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command line tools share. (No PyTorch here: training/evaluate
--predictions needs none.)"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2] / "models"


def run(name: str, main: Callable[[], int | None]) -> int:
    """The exit status of a tool's main(); what a user can mend is one line."""
    try:
        return main() or 0
    except (ValueError, OSError, ArithmeticError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130


def find_model(name: str | Path, option: str = "model") -> Path:
    """A model file by its path or by the name of a shipped one, as an option
    of the command line names it."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = MODELS / f"{name}.safetensors"
    if shipped.is_file():
        return shipped
    names = ", ".join(sorted(m.stem for m in MODELS.glob("*.safetensors")))
    raise ValueError(f"{option} {name}: no such file, and no such model "
                     f"among {names or 'none'} in {MODELS}")


def check_out(option: str, path: Path | None) -> None:
    """ValueError where a file can't be written: not after all the work."""
    if path is None:
        return
    if path.is_dir():
        raise ValueError(f"{option} {path}: a folder; a file's name is expected")
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise ValueError(f"{option} {path}: {path.parent} is no folder that can "
                         "be written to")


def count(text: str) -> int:
    """The type of options that count something."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: a number from 1 up is "
                                         "expected")
    return value


def add_precision(p: argparse.ArgumentParser) -> None:
    """--f32 and --bf16, which make `f32` True, False, or None for neither."""
    which = p.add_mutually_exclusive_group()
    which.add_argument("--f32", action="store_true", default=None,
                       help="no bf16 autocast (default: where the CPU or GPU has "
                       "no bf16 of its own and only imitates it)")
    which.add_argument("--bf16", action="store_false", default=None, dest="f32",
                       help="bf16 autocast (default elsewhere)")
