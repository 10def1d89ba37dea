# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bars for a GPU host: what was measured, and whether it holds.

Each bar is a dict of `bar` (what is asked for), `value` (what was measured, or
None), `state` ("holds", "missed" or "not measured") and `detail`.
"""

FRAMES = 10000  # that a bar of latency is measured with
CUT_OFF = (124, 125, 137, 143)  # exit statuses of steps that didn't come to an end


def find(rows: list[dict], **wanted) -> dict | None:
    """The first row with those values."""
    return next((row for row in rows
                 if all(row.get(k) == v for k, v in wanted.items())), None)


def judge(name: str, value: float | None, holds, detail: str = "") -> dict:
    """A bar; `holds` tells of a value."""
    if value is None:
        return {"bar": name, "value": None, "state": "not measured",
                "detail": detail}
    return {"bar": name, "value": value,
            "state": "holds" if holds(value) else "missed", "detail": detail}


def latency(result: dict, name: str, limit: float, percentile: str,
            memory: str, output: str) -> dict:
    """Between the element's pads at 512x512."""
    name = f"512x512, {name}, pad to pad, {percentile} <= {limit} ms"
    row = find(result["element"], size=512, memory=memory, output=output,
               pipeline_depth=1)
    value = row and row.get(f"pads_{percentile}_ms")
    if value is not None and row["frames"] < FRAMES:
        return judge(name, None, None, f"{value:.3f} ms, but of {row['frames']} "
                     f"frames, {FRAMES} are wanted")
    return judge(name, value, lambda v: v <= limit,
                 f"{row['frames']} frames" if row else "")


def throughput(result: dict) -> dict:
    """Of one element."""
    row = find(result["element"], size=2048, memory="system, GRAY8",
               pipeline_depth=1)
    value = row and row["frames"] >= 100 and row.get("frames_per_s")
    return judge("2048x2048, system memory, >= 100 frames/s", value or None,
                 lambda v: v >= 100, f"{row['frames']} frames" if row else "")


def streams(result: dict) -> dict:
    """The fewest frames lost by any size of batches."""
    rows = [row for row in result["streams"]
            if (row["streams"], row["size"], row["rate"]) == (16, 512, 30)]
    # Cameras may miss the start, but not most of the time.
    rows = [row for row in rows if row["frames"] + row["lost"]
            >= 16 * 30 * row["seconds"] / 2]
    best = min(rows, key=lambda row: row["lost"], default=None)
    detail = best and (f"frames lost of {best['frames'] + best['lost']}, batches "
                       f"of {best['batch_streams']}")
    return judge("16 streams of 512x512 at 30 frames/s, no frame lost",
                 best and best["lost"], lambda v: v == 0, detail or "")


def torch_ratio(result: dict, size: int, stage: str) -> float | None:
    """How many times as long as ours the fastest compiled form takes."""
    ours = find(result["engine"], precision="bf16", size=size)
    ours = ours and ours.get(f"{stage}_p50_ms")
    theirs = [row["p50_ms"] for row in result["torch"]
              if row["way"] != "eager" and row["size"] == size]
    return min(theirs) / ours if ours and theirs else None


def compiled(result: dict) -> dict:
    """The network of both, from launch to the GPU's end."""
    whole = torch_ratio(result, 512, "total")
    return judge("512x512, network, >= 1.3 times torch.compile's best",
                 torch_ratio(result, 512, "network"), lambda v: v >= 1.3,
                 f"our whole frame: {whole:.2f}" if whole else "")


def programs(result: dict, name: str, prefix: str) -> dict:
    """Those that test; the tolerance is theirs."""
    codes = [step["status"] for step in result["steps"]
             if step["name"].startswith(prefix)]
    failed = [c for c in codes if c not in (0, 77) + CUT_OFF]
    ended = codes.count(0)
    detail = f"of {len(codes)} programs passed"
    if failed or codes and ended == len(codes):
        return judge(name, ended, lambda v: not failed, detail)
    return judge(name, None, None, f"{ended} {detail}" if codes else "")


def accuracy(result: dict) -> dict:
    """The larger difference of AP at 0.5 and of its mean from 0.5 to 0.9."""
    name = "AP on val, bf16, within 0.003 of f32"
    both = [result["accuracy"].get(p) for p in ("bf16", "f32")]
    if None in both:
        return judge(name, None, None)
    keys = ("ap0.50", "ap_mean_50_90")
    value = max(abs(both[0][k] - both[1][k]) for k in keys)
    return judge(name, value, lambda v: v <= 0.003, "bf16 and f32: " + ", ".join(
        f"{k} {both[0][k]:.4f} {both[1][k]:.4f}" for k in keys))


def find_reason(result: dict, group: str, step: str) -> str:
    """Why there is no figure: the group wasn't run, or its step failed."""
    fate = result["groups"].get(group, "run")
    if fate != "run":
        return f"{group}: {fate}"
    status = (find(result["steps"], name=step) or {}).get("status")
    if not status:
        return ""
    return f"{step}: " + ("no time was left" if status == 125 else
                          "cut off" if status in CUT_OFF else
                          f"failed ({status})")


def find_bars(result: dict) -> list[dict]:
    """All of them, as issue 5 asks."""
    # Both of what grey frames can become: drawn on in colour, and grey again.
    grey = "system, GRAY8"
    bars = [latency(result, "system memory", 0.7, "p50", grey, "BGRx"),
            latency(result, "system memory", 1.0, "p99", grey, "BGRx"),
            latency(result, "system memory, grey", 0.7, "p50", grey, "GRAY8"),
            latency(result, "system memory, grey", 1.0, "p99", grey, "GRAY8"),
            latency(result, "CUDA memory (NV12)", 0.6, "p99", "CUDA, NV12",
                    "NV12"),
            throughput(result), streams(result), compiled(result),
            programs(result, "labels and maps are the reference's within the "
                     "tolerance", "parity-"),
            programs(result, "the element's tests pass, CUDA memory included",
                     "device-"),
            accuracy(result)]
    sources = [("bench", "element-512"), ("bench", "element-512"),
               ("bench", "element-512-grey"), ("bench", "element-512-grey"),
               ("bench", "element-512-cuda"), ("bench", "element-2048"),
               ("streams", "streams-batch-1"),
               ("torch", "torch-max-autotune-512"), ("parity", ""),
               ("elements", ""), ("accuracy", "segment-bf16")]
    for bar, source in zip(bars, sources):
        if bar["state"] == "not measured" and not bar["detail"]:
            bar["detail"] = find_reason(result, *source)
    return bars


def print_bars(bars: list[dict]) -> None:
    print(f"\n{'bar':62} {'measured':>9}  state")
    for bar in bars:
        value = "-" if bar["value"] is None else f"{bar['value']:.4g}"
        detail = f" ({bar['detail']})" if bar["detail"] else ""
        print(f"{bar['bar']:62} {value:>9}  {bar['state']}{detail}")
