#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One table and one results.json of what `run` left in a folder.

    report.py WORK_DIR VERSION
"""
import datetime
import json
import re
import subprocess
import sys
from pathlib import Path

import bars

# Exit statuses of steps.
STATES = {0: "ok", 77: "skipped", 124: "out of time", 125: "no time left",
          137: "out of time", 143: "ended"}


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


def describe_gpu() -> tuple[str, str]:
    """Name and driver as nvidia-smi says them."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version",
             "--format=csv,noheader"], capture_output=True, text=True,
            timeout=20, check=True)
        name, driver = done.stdout.splitlines()[0].rsplit(",", 1)
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return "unknown", "unknown"
    return name.strip(), driver.strip()


def read_text(path: Path) -> str:
    """Of a file that may be missing."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def read_pairs(path: Path) -> dict[str, str]:
    """Two columns by tab."""
    return dict(text.split("\t", 1) for text in read_text(path).splitlines())


def find_versions(out: Path) -> dict[str, str]:
    """What `nucseg info` says of the library and of the cuda back end."""
    info = read_text(out / "info.log")
    patterns = {"libnucseg": r"libnucseg +(\S+)",
                "gstreamer": r"GStreamer +(\d\S*)",
                "cuda": r" cuda .*CUDA (\d[\d.]*)",
                "cudnn": r" cuda .*cuDNN (\d[\d.]*)"}
    found = {name: re.search(p, info) for name, p in patterns.items()}
    return {name: m[1] if m else "unknown" for name, m in found.items()}


def count_cases(out: Path, step: str) -> dict[str, int]:
    """The cases of a test, by its TAP; none where it printed no such thing."""
    lines = re.findall(r"^(not )?ok \d+(.*)$", read_text(out / f"{step}.log"),
                       re.MULTILINE)
    skipped = sum(not bad and "# SKIP" in rest for bad, rest in lines)
    failed = sum(bool(bad) for bad, _ in lines)
    return {"ok": len(lines) - skipped - failed, "failed": failed,
            "skipped": skipped} if lines else {}


def find_summary(out: Path, step: str) -> str:
    """What compute-sanitizer counted, or a test's cases."""
    found = re.findall(r"== (?:ERROR|RACECHECK) SUMMARY: (.+)",
                       read_text(out / f"{step}.log"))
    if found:
        return found[-1]
    return ", ".join(f"{n} {what}" for what, n in count_cases(out, step).items())


def add_cases(out: Path, steps: list[str], prefix: str) -> dict[str, int]:
    """Of all programs of a group."""
    counts = [count_cases(out, name) for name in steps
              if name.startswith(prefix)]
    return {what: sum(c.get(what, 0) for c in counts)
            for what in ("ok", "failed", "skipped")}


def read_accuracy(out: Path) -> dict[str, dict]:
    """The scores of all images by precision."""
    found = {}
    for precision in ("bf16", "f32", "f16"):
        for row in read_rows(out, f"accuracy-{precision}.json"):
            found[precision] = row["all"]
    return found


def find_left_out(result: dict) -> list[str]:
    """Groups and steps that were not run to their end, and why."""
    why = {124: "cut off after {} s", 125: "no time was left",
           137: "cut off after {} s", 143: "ended from outside", 77: "skipped, its log says why"}
    return ([f"{name}: {fate if fate != 'begun' else 'ended early'}"
             for name, fate in result["groups"].items() if fate != "run"]
            + [f"{step['name']}: " + why[step["status"]].format(step["seconds"])
               for step in result["steps"] if step["status"] in why])


def line(what: str, row: dict, stage: str = "") -> str:
    """A row of the table, or nothing where the stage was not measured."""
    p50, p99 = (row.get(f"{stage}{p}_ms") for p in ("p50", "p99"))
    if p50 is None:
        return ""
    return f"{what:62} {row['size']:5} {p50:8.3f} {p99:8.3f}"


def print_head(result: dict) -> None:
    v = result["versions"]
    print(f"{result['gpu']}, driver {result['driver']}, {result['date']}\n"
          f"nucsegfilter {result['version']} (libnucseg {v['libnucseg']}), CUDA "
          f"{v['cuda']}, cuDNN {v['cudnn']}, GStreamer {v['gstreamer']}")
    for row in result["torch"][:1]:
        print(f"PyTorch {row.get('torch')}, CUDA {row.get('cuda')}, cuDNN "
              f"{row.get('cudnn')}")
    print()
    for step in result["steps"]:
        state = STATES.get(step["status"], f"FAILED ({step['status']})")
        print(f"{step['name']:24} {state:14} {step['seconds']:4} s  "
              f"{step['summary']}".rstrip())
    for group, counts in result["cases"].items():
        if any(counts.values()):
            print(f"cases of {group}: " + ", ".join(
                f"{n} {what}" for what, n in counts.items()))
    if result["left_out"]:
        print("\nnot run, or not to the end")
    for text in result["left_out"]:
        print(f"  {text}")


def print_table(result: dict) -> None:
    print(f"\n{'what':62} {'size':>5} {'p50 ms':>8} {'p99 ms':>8}")
    lines = []
    for row, how in ([(r, "") for r in result["engine"]]
                     + [(r, ", in turn") for r in result["in_turn"]]):
        what = f"cuda {row['precision']}{how}"
        lines += [line(f"{what}, whole frame, {row['frames']} frames", row,
                       "total_"),
                  line(f"{what}, whole frame, GPU's events", row, "gpu_total_"),
                  line(f"{what}, network alone", row, "network_"),
                  line(f"{what}, network alone, GPU's events", row,
                       "gpu_network_")]
    for row in result["element"]:
        depth = row["pipeline_depth"]
        lines.append(line(f"nucsegfilter {row['precision']}, {row['memory']} to "
                          f"{row['output']}, "
                          + f"depth {depth}, " * (depth > 1)
                          + f"{row['frames']} frames", row, "pads_")
                     + f"  {row['frames_per_s']:.1f} frames/s")
    for row in result["torch"]:
        lines.append(line(f"PyTorch {row['way']} {row['precision']}, network "
                          "alone", row))
    for row in result["streams"] + result["streams_connections"]:
        more = ", 32 connections" * (row in result["streams_connections"])
        what = (f"{row['streams']} streams at {row['rate']}/s, batches of "
                f"{row['batch_streams']}{more}, slowest")
        lines.append(f"{line(what, row, 'pads_')}  {row['lost']} of "
                     f"{row['frames'] + row['lost']} frames lost, mean batch "
                     f"{row['mean_batch']:.2f}")
    for size in sorted({row["size"] for row in result["torch"]}):
        for stage, what in (("network", "our network"),
                            ("total", "our whole frame")):
            ratio = bars.torch_ratio(result, size, stage)
            if ratio:
                lines.append(f"{'torch.compile, best / ' + what:62} {size:5} "
                             f"{ratio:7.2f}x")
    for precision, row in result["accuracy"].items():
        lines.append(f"val in {precision}: AP at 0.5 {row['ap0.50']:.4f}, mean "
                     f"of 0.5 to 0.9 {row['ap_mean_50_90']:.4f}")
    print("\n".join(text for text in lines if text))


def print_kernels(rows: list[dict]) -> None:
    """Each kernel by itself, by the GPU's clock, and its twin on the CPU."""
    if rows:
        print(f"\n{'kernel':28} {'case':22} {'type':4} {'size':>5} "
              f"{'p50 us':>9} {'GB/s':>8} {'C, ms':>9}")
    for row in rows:
        twin = row["twin_p50_ms"]
        print(f"{row['function']:28} {row['case']:22} {row['type'] or '-':4} "
              f"{row['size']:5} {row['p50_us']:9.2f} {row['gb_per_s']:8.1f} "
              + (f"{twin:9.3f}" if twin is not None else f"{'-':>9}"))


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    steps = [text.split("\t") for text in
             (out / "steps.tsv").read_text().splitlines()]
    gpu, driver = describe_gpu()
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(
            timespec="seconds"),
        "version": sys.argv[2], "gpu": gpu, "driver": driver,
        "versions": find_versions(out),
        "groups": read_pairs(out / "groups.tsv"),
        "steps": [{"name": n, "status": int(c), "seconds": int(s),
                   "summary": find_summary(out, n)} for n, c, s in steps],
        "cases": {group: add_cases(out, [n for n, _, _ in steps], prefix)
                  for group, prefix in (("parity", "parity-"),
                                        ("elements", "device-"))},
        "engine": read_rows(out, "engine-*.json"),
        "in_turn": read_rows(out, "in-turn-*.json"),
        "element": read_rows(out, "element-*.json"),
        "streams": read_rows(out, "streams-batch-*.json"),
        "streams_connections": read_rows(out, "streams-connections.json"),
        "torch": read_rows(out, "torch-*.json"),
        "accuracy": read_accuracy(out),
        "kernels": read_rows(out, "kernels-times.json"),
    }
    result["left_out"] = find_left_out(result)
    result["bars"] = bars.find_bars(result)
    (out / "results.json").write_text(json.dumps(result, indent=1))
    print_head(result)
    print_table(result)
    print_kernels(result["kernels"])
    bars.print_bars(result["bars"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
