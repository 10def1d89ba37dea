# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ablation's runs: which there are, the file of finished ones, the table.
(No PyTorch here: a report needs none.)"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

# What each variant has of the paper's parts.
VARIANTS = {
    "unet": {"use_aspp": False, "use_sap": False, "use_ce": False},
    "unet+aspp": {"use_aspp": True, "use_sap": False, "use_ce": False},
    "unet+sap": {"use_aspp": False, "use_sap": True, "use_ce": False},
    "unet+sap+ce": {"use_aspp": False, "use_sap": True, "use_ce": True},
    "all": {"use_aspp": True, "use_sap": True, "use_ce": True}}
FIGURES = (("pa", "PA %"), ("mpa", "MPA %"), ("miou", "MIoU %"))
WAYS = {"single": "one scale", "multi": "mean over scales"}

Run = tuple[str, int]


def plan(variants: Sequence[str], seeds: int) -> list[Run]:
    """All variants of seed 1, then of seed 2: whenever it is stopped, every
    variant has had about as many seeds."""
    return [(v, seed) for seed in range(1, seeds + 1) for v in variants]


class Results:
    """The finished runs, in a JSON file that is written anew after each."""

    def __init__(self, path: Path, settings: dict | None = None):
        """Reads the file if there is one. ValueError where its runs were made
        with other settings: they could not be compared with new ones."""
        self.path, self.settings = path, settings or {}
        self.runs: list[dict] = []
        if not path.exists():
            return
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            had, self.runs = state["settings"], state["runs"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a file of ablation results "
                             f"({error!r})") from error
        if settings is not None:
            unlike = [f"{k} {had.get(k)!r}, now {settings.get(k)!r}"
                      for k in sorted(had | settings)
                      if had.get(k) != settings.get(k)]
            if unlike:
                raise ValueError(f"{path}: its runs were made with other "
                                 f"settings ({'; '.join(unlike)}): name "
                                 f"another file with --out")
        self.settings = had

    def has(self, run: Run) -> bool:
        """Whether a run is finished."""
        return any((r["variant"], r["seed"]) == run for r in self.runs)

    def add(self, run: Run, result: dict) -> None:
        """Keeps a run's result; the file is written whole or not at all."""
        self.runs.append({"variant": run[0], "seed": run[1]} | result)
        part = self.path.with_name(self.path.name + ".part")
        part.write_text(json.dumps({"settings": self.settings,
                                    "runs": self.runs}, indent=1) + "\n",
                        encoding="utf-8")
        os.replace(part, self.path)


def run_missing(runs: Sequence[Run], results: Results,
                work: Callable[[Run], dict]) -> int:
    """Does the runs that are not finished yet, in order, and keeps each result
    as soon as it is there; returns how many were done. A run whose loss is no
    longer finite is kept as a failed one: the same seed would fail again."""
    done = 0
    for run in runs:
        if results.has(run):
            continue
        try:
            result = work(run)
        except ArithmeticError as error:
            result = {"failed": str(error)}
        results.add(run, result)
        done += 1
    return done


def _cell(values: list[float]) -> str:
    """Mean and, of several, the sample standard deviation, in per cent."""
    if not values:
        return "-"
    text = f"{100 * statistics.mean(values):.2f}"
    if len(values) > 1:
        text += f" ± {100 * statistics.stdev(values):.2f}"
    return text


def table(results: Results, kind: str = "all") -> str:
    """Markdown: the mean over the seeds ± their sample standard deviation, and
    what a variant's MIoU gains on the plain U-Net of the same seed."""
    out = []
    for way, title in WAYS.items():
        runs = [r for r in results.runs if kind in r.get(way, {})]
        if not runs:
            continue
        plain = {r["seed"]: r[way][kind]["miou"] for r in runs
                 if r["variant"] == "unet"}
        heads = ["variant", "weights", "seeds", *(f[1] for f in FIGURES),
                 "MIoU - unet's"]
        lines = [f"Images: {kind}; {title}", "",
                 "| " + " | ".join(heads) + " |",
                 "| --- |" + " ---: |" * (len(heads) - 1)]
        for variant in VARIANTS:
            own = [r for r in runs if r["variant"] == variant]
            if not own:
                continue
            gains = [r[way][kind]["miou"] - plain[r["seed"]] for r in own
                     if r["seed"] in plain and variant != "unet"]
            cells = [variant, f"{own[0]['weights']:,}", str(len(own)),
                     *(_cell([r[way][kind][k] for r in own])
                       for k, _ in FIGURES), _cell(gains)]
            lines.append("| " + " | ".join(cells) + " |")
        out.append("\n".join(lines))
    failed = [f"{r['variant']}, seed {r['seed']}: {r['failed']}"
              for r in results.runs if "failed" in r]
    if failed:
        out.append("Failed: " + "; ".join(failed))
    return "\n\n".join(out) or "no finished run"
