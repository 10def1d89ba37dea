#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One table and one results.json of what `run` left in a folder.

    report.py WORK_DIR VERSION
"""
import datetime
import json
import subprocess
import sys
from pathlib import Path

# Exit statuses of steps.
STATES = {0: "ok", 77: "skipped", 124: "out of time", 125: "no time left",
          137: "out of time"}


def read_rows(out: Path, pattern: str) -> list[dict]:
    """The rows of all files of that name which are there and whole."""
    rows = []
    for path in sorted(out.glob(pattern)):
        try:
            found = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        rows += found if isinstance(found, list) else [found]
    return rows


def describe_gpu() -> str:
    """Name and driver as nvidia-smi says them."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version",
             "--format=csv,noheader"], capture_output=True, text=True,
            timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.splitlines()[0].strip() if done.stdout else "unknown"


def line(what: str, row: dict, stage: str = "") -> str:
    """A row of the table, or nothing where the stage was not measured."""
    p50, p99 = (row.get(f"{stage}{p}_ms") for p in ("p50", "p99"))
    if p50 is None:
        return ""
    return f"{what:44} {row['size']:5} {p50:8.3f} {p99:8.3f}"


def print_table(result: dict) -> None:
    print(f"{result['gpu']}, {result['date']}, {result['version']}\n")
    for step in result["steps"]:
        state = STATES.get(step["status"], f"FAILED ({step['status']})")
        print(f"{step['name']:24} {state:14} {step['seconds']:4} s")
    print(f"\n{'what':44} {'size':>5} {'p50 ms':>8} {'p99 ms':>8}")
    lines = []
    for row, how in ([(r, "") for r in result["engine"]]
                     + [(r, ", in turn") for r in result["in_turn"]]):
        what = f"cuda {row['precision']}{how}"
        lines += [line(f"{what}, whole frame, {row['frames']} frames", row,
                       "total_"),
                  line(f"{what}, network alone", row, "network_")]
    for row in result["element"]:
        lines.append(line(f"nucsegfilter {row['precision']}, {row['memory']}, "
                          f"{row['frames']} frames", row, "pads_"))
    for row in result["torch"]:
        lines.append(line(f"PyTorch {row['way']} {row['precision']}, network "
                          "alone", row))
    for row in result["streams"]:
        what = (f"{row['streams']} streams at {row['rate']}/s, batches of "
                f"{row['batch_streams']}, slowest")
        lines.append(f"{line(what, row, 'element_')}  {row['lost']} of "
                     f"{row['frames'] + row['lost']} frames lost, mean batch "
                     f"{row['mean_batch']:.2f}")
    print("\n".join(text for text in lines if text))


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    steps = [text.split("\t") for text in
             (out / "steps.tsv").read_text().splitlines()]
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "version": sys.argv[2], "gpu": describe_gpu(),
        "steps": [{"name": n, "status": int(c), "seconds": int(s)}
                  for n, c, s in steps],
        "engine": read_rows(out, "engine-*.json"),
        "in_turn": read_rows(out, "in-turn-*.json"),
        "element": read_rows(out, "element-*.json"),
        "streams": read_rows(out, "streams-batch-*.json"),
        "torch": read_rows(out, "torch-*.json"),
    }
    (out / "results.json").write_text(json.dumps(result, indent=1))
    print_table(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
