# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtual environment with a peer's packages from PyPI."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path


def enter_venv(folder: Path, packages: dict[str, str]) -> None:
    """Goes on in `folder`'s Python, with all packages installed; `packages` are
    modules and what PyPI calls what they are in."""
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    python = folder / "bin/python"
    if not python.exists():
        print(f"making {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
    if subprocess.run([python, "-c", f"import {', '.join(packages)}"],
                      capture_output=True).returncode:
        print(f"installing {', '.join(packages.values())}", file=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "--quiet",
                        *packages.values()], check=True)
    os.execv(python, [str(python), *sys.argv])
