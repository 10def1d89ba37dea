# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scores, counted over a whole set of images: pixel accuracy, mean pixel
accuracy and mean IoU of background and nucleus (terms of the
paper), average precision at IoU thresholds, panoptic quality, errors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))


@dataclass
class Score:
    """Sums over images; add() one image at a time, then read figures()."""

    images: int = 0
    truth: int = 0
    found: int = 0
    matched: np.ndarray = field(
        default_factory=lambda: np.zeros(len(THRESHOLDS), int))
    iou_sum: float = 0.0
    confusion: np.ndarray = field(
        default_factory=lambda: np.zeros((2, 2), np.int64))
    splits: int = 0
    merges: int = 0
    count_error: int = 0

    def add(self, truth: np.ndarray, found: np.ndarray) -> None:
        """Counts one image's labels; both are (H, W) integers, 0 = none."""
        if truth.shape != found.shape:
            raise ValueError(f"truth is {truth.shape}, prediction "
                             f"{found.shape}")
        _, t = np.unique(truth, return_inverse=True)
        _, p = np.unique(found, return_inverse=True)
        # Background must be number 0 even where a frame has none.
        t = t.ravel() + (0 if (truth == 0).any() else 1)
        p = p.ravel() + (0 if (found == 0).any() else 1)
        nt, np_ = int(t.max()), int(p.max())
        overlap = np.bincount(t * (np_ + 1) + p, minlength=(nt + 1) * (np_ + 1)
                              ).reshape(nt + 1, np_ + 1)
        self.images += 1
        self.truth += nt
        self.found += np_
        self.count_error += abs(nt - np_)
        self.confusion += np.array(
            [[overlap[0, 0], overlap[0, 1:].sum()],
             [overlap[1:, 0].sum(), overlap[1:, 1:].sum()]])
        if not nt or not np_:
            return
        area_t, area_p = overlap.sum(1)[1:], overlap.sum(0)[1:]
        inner = overlap[1:, 1:]
        iou = inner / (area_t[:, None] + area_p[None, :] - inner)
        # Above one half, a nucleus has at most one partner: no assignment
        # has to be solved.
        pairs = iou[iou > 0.5]
        self.iou_sum += float(pairs.sum())
        self.matched += np.array([(pairs > x).sum() for x in THRESHOLDS])
        self.merges += int(np.maximum(
            (inner > 0.5 * area_t[:, None]).sum(0) - 1, 0).sum())
        self.splits += int(np.maximum(
            (inner > 0.5 * area_p[None, :]).sum(1) - 1, 0).sum())

    def merge(self, other: Score) -> None:
        """Adds another set's sums."""
        for name in ("images", "truth", "found", "matched", "iou_sum",
                     "confusion", "splits", "merges", "count_error"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def figures(self) -> dict[str, float | None]:
        """The scores; fractions, not per cent. None where there is nothing to
        count: of no nuclei none can be missed."""
        c = self.confusion.astype(float)
        own, said = c.sum(1), c.sum(0)
        hit = np.diag(c)
        with np.errstate(invalid="ignore", divide="ignore"):
            accuracy = hit / own
            iou = hit / (own + said - hit)
        counted = self.truth + self.found
        ap = self.matched / np.maximum(1, counted - self.matched)
        tp = int(self.matched[0])
        half = 0.5 * (self.found - tp) + 0.5 * (self.truth - tp)
        out = {"images": self.images, "nuclei": self.truth,
               "found": self.found, "pa": hit.sum() / c.sum(),
               "mpa": float(np.nanmean(accuracy)),
               "miou": float(np.nanmean(iou)),
               "pq": self.iou_sum / max(1.0, tp + half),
               "missed": 1 - tp / max(1, self.truth),
               "false": 1 - tp / max(1, self.found),
               "splits": self.splits, "merges": self.merges,
               "count_error": self.count_error / max(1, self.images)}
        out |= {f"ap{t:.2f}": float(a) for t, a in zip(THRESHOLDS, ap)}
        out["ap_mean_50_90"] = float(np.mean(ap[:9]))
        undefined = set() if counted else {
            "pq", *(k for k in out if k.startswith("ap"))}
        undefined |= set() if self.truth else {"missed"}
        undefined |= set() if self.found else {"false"}
        return {k: None if k in undefined else float(v)
                for k, v in out.items()}


def show(value: float | None, digits: int) -> str:
    """A figure for people; "-" where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def by_kind(scores: dict[str, Score]) -> dict[str, Score]:
    """Adds the sums `all` and `colour+brightfield` to scores by kind."""
    out = {"all": Score()}
    for kind, score in sorted(scores.items()):
        out[kind] = score
        out["all"].merge(score)
    if "colour" in scores and "brightfield" in scores:
        both = Score()
        both.merge(scores["colour"])
        both.merge(scores["brightfield"])
        out["colour+brightfield"] = both
    return out


COLUMNS = (("images", "images", 0), ("nuclei", "nuclei", 0),
           ("found", "found", 0), ("pa", "PA %", 1), ("mpa", "MPA %", 1),
           ("miou", "MIoU %", 1), ("ap0.50", "AP.5", 3), ("ap0.60", "AP.6", 3),
           ("ap0.70", "AP.7", 3), ("ap0.80", "AP.8", 3), ("ap0.90", "AP.9", 3),
           ("ap_mean_50_90", "AP.5-.9", 3), ("pq", "PQ", 3),
           ("missed", "miss", 3), ("false", "false", 3),
           ("splits", "split", 0), ("merges", "merge", 0),
           ("count_error", "count err", 2))


def table(scores: dict[str, Score]) -> str:
    """A table for people, one line for each kind."""
    lines = ["| kind | " + " | ".join(c[1] for c in COLUMNS) + " |",
             "| --- |" + " ---: |" * len(COLUMNS)]
    for kind, score in scores.items():
        f = score.figures()
        cells = []
        for key, title, digits in COLUMNS:
            v = f[key]
            if v is not None and "%" in title:
                v *= 100
            cells.append(show(v, digits))
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
