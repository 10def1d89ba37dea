#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One table and one results.json of what `run` left in a folder.

    report.py RESULTS_DIR VERSION
"""
import datetime
import json
import subprocess
import sys
from pathlib import Path


def read_json(path: Path):
    """What is there and whole, else None."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


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


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    steps = [line.split("\t") for line in
             (out / "steps.tsv").read_text().splitlines()]
    engine = [row for name in ("engine-512", "engine-2048")
              for row in read_json(out / f"{name}.json") or []]
    element = read_json(out / "element-512.json") or []
    streams = [row for n in (1, 4, 8)
               if (row := read_json(out / f"streams-batch-{n}.json"))]
    torch = read_json(out / "torch.json")
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "version": sys.argv[2], "gpu": describe_gpu(),
        "steps": [{"name": n, "status": int(c), "seconds": int(s)}
                  for n, c, s in steps],
        "engine": engine, "element": element, "streams": streams,
        "torch": torch,
    }
    (out / "results.json").write_text(json.dumps(result, indent=1))

    print(f"{result['gpu']}, {result['date']}, {result['version']}\n")
    for step in result["steps"]:
        state = {0: "ok", 124: "out of time"}.get(
            step["status"], f"FAILED ({step['status']})")
        print(f"{step['name']:24} {state:14} {step['seconds']:4} s")
    print(f"\n{'what':34} {'size':>5} {'p50 ms':>8} {'p99 ms':>8}")
    for row in engine:
        print(f"{'cuda ' + row['precision'] + ', whole frame':34} "
              f"{row['size']:5} {row['total_p50_ms']:8.3f} "
              f"{row['total_p99_ms']:8.3f}")
    for row in element:
        print(f"{'nucsegfilter ' + row['precision']:34} {row['size']:5} "
              f"{row['element_p50_ms']:8.3f} {row['element_p99_ms']:8.3f}")
    for row in streams:
        what = (f"{row['streams']} streams at {row['rate']}/s, batches of "
                f"{row['batch_streams']}")
        print(f"{what:34} {row['size']:5} {row['element_p50_ms']:8.3f} "
              f"{row['element_p99_ms']:8.3f}  {row['lost']} of "
              f"{row['frames'] + row['lost']} frames lost, mean batch "
              f"{row['mean_batch']:.2f}")
    for row in (torch or {}).get("rows", []):
        print(f"{'PyTorch ' + row['way'] + ', network alone':34} "
              f"{row['size']:5} {row['p50_ms']:8.3f} {row['p99_ms']:8.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
