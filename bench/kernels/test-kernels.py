#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the benchmark of the CUDA kernels over their emulation: every function
that takes a stream has a row, each result is the twin's, and one that is not
is found.

    test-kernels.py PROGRAM HEADER...
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def functions(text: str) -> set[str]:
    """The functions of a header that queue work in a stream."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return {name for name, arguments in
            re.findall(r"\b(nucseg_cuda_\w+)\s*\(([^;{}]*?)\)\s*;", text)
            if "cudaStream_t" in arguments}


def run(program: str, *arguments: str) -> tuple[int, str, list[dict]]:
    """Exit status, messages and rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        done = subprocess.run(
            [program, "--twin-runs", "1", "--json", str(path), *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            check=False)
        rows = json.loads(path.read_text()) if path.exists() else []
    return done.returncode, done.stderr, rows


def main() -> int:
    program, headers = sys.argv[1], sys.argv[2:]
    wanted = set().union(*(functions(Path(h).read_text()) for h in headers))
    failures = []

    # The list is read from text: it must see what is added.
    added = "cudaError_t\nnucseg_cuda_new (gint a,\n    cudaStream_t s);"
    if functions(added) != {"nucseg_cuda_new"} or len(wanted) < 19:
        failures.append(f"functions found in the headers: {sorted(wanted)}")
    for arguments in (["--sizes", "64", "--types", "bf16,f16,f32",
                       "--launches", "2"], ["--small", "--launches", "1"]):
        code, messages, rows = run(program, *arguments)
        if code != 0:
            failures.append(f"{arguments}: exit status {code}: {messages}")
        found = {row["function"] for row in rows}
        if found != wanted:
            failures.append(f"{arguments}: no row: {sorted(wanted - found)}, "
                            f"no function: {sorted(found - wanted)}")
        failures += [f"{arguments}: {row}" for row in rows
                     if not row["compared"] or row["bytes"] <= 0
                     or row["p50_us"] is not None]
    for name in sorted(wanted):
        code, messages, _ = run(program, "--sizes", "64", "--functions", name,
                                "--launches", "1", "--spoil", name)
        if code != 1 or name not in messages or "the twin's" not in messages:
            failures.append(f"{name}, falsified, is not found: exit status "
                            f"{code}, {messages}")
    code, messages, _ = run(program, "--sizes", "64", "--functions",
                            "nucseg_cuda_none")
    if code != 1 or "nucseg_cuda_none" not in messages:
        failures.append(f"a function that isn't there: {code}, {messages}")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
