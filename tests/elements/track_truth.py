#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scores examples/track_nuclei.py, in the folder EXAMPLES, on what nuctestsrc
says that it drew.

    track_truth.py EXAMPLES [BACKEND]

Links are pairs of the same nucleus in frames that follow each other, each found
with an IoU above one half; a link holds where both have the same track. Found
masks are left out where BACKEND is reference, which takes seconds a frame.
"""
import sys

sys.path.insert(0, sys.argv[1])

import numpy as np
from read_masks import masks, run
from track_nuclei import Tracker

SOURCE = ("nuctestsrc num-buffers=%d is-live=false seed=5 %s "
          "! video/x-raw,format=GRAY8,width=256,height=256,framerate=25/1")
TRACK = np.dtype([("id", "u4"), ("mother", "u4")])


def matches(truth, found):
    """For each true label the found one with an IoU above one half, 0: none."""
    n = int(found.max(initial=0)) + 1
    pairs, pixels = np.unique(truth.astype(int) * n + found, return_counts=True)
    t, f = np.divmod(pairs, n)
    areas = [np.bincount(x.ravel()) for x in (truth, found)]
    good = (t > 0) & (f > 0)
    good &= 2 * pixels > areas[0][t] + areas[1][f] - pixels
    table = np.zeros(len(areas[0]), int)
    table[t[good]] = f[good]
    return table


class Score:
    """Counts what a tracker makes of masks of one name."""

    def __init__(self, name):
        self.name, self.tracker = name, Tracker()
        self.before = {}  # true id: track
        self.links = self.held = self.claimed = 0
        self.tracks = {}  # true id: all its tracks
        self.daughters, self.told = set(), set()

    def add(self, buffer):
        with masks(buffer, "NucsegTruthMeta") as (truth, _, facts), \
                masks(buffer, self.name) as (found, _, _):
            held = facts.get_value("tracks")
            true = np.frombuffer(held.extract_dup(0, held.get_size()), TRACK)
            track, mother = self.tracker.add(found)
            table = matches(truth, found)
        now = {}
        for k, (id_, mother_id) in enumerate(true.tolist(), 1):
            if not table[k]:
                continue
            now[id_] = t = int(track[table[k]])
            self.tracks.setdefault(id_, set()).add(t)
            if id_ in self.before:
                self.links += 1
                self.held += self.before[id_] == t
            # masks may part later than the nuclei did
            if mother_id in self.tracks:
                self.daughters.add(id_)
                if mother[table[k]] in self.tracks[mother_id]:
                    self.told.add(id_)
        self.claimed += int((mother > 0).sum())
        self.before = now

    def __str__(self):
        whole = sum(len(t) == 1 for t in self.tracks.values())
        return (f"{self.held} of {self.links} links, "
                f"{len(self.told)} of {len(self.daughters)} daughters, {self.claimed} claimed, {whole} of "
                f"{len(self.tracks)} nuclei in one track")


def score(name, frames, properties, behind=""):
    s = Score(name)
    run(SOURCE % (frames, properties) + behind, s.add, "track_truth.py")
    return s


def main():
    crowd = "count=25 diameter=28 division-period=60"
    cases = [
        # (what, score, least share of links, of daughters, most of false ones)
        ("true masks", score("NucsegTruthMeta", 150, crowd), 0.999, 0.95, 0.05),
        ("no division", score("NucsegTruthMeta", 60, "count=25 division-period=0"),
         1.0, 0, 0)]
    if sys.argv[2:] != ["reference"]:
        cases.append(("found masks", score("NucsegMeta", 150, crowd,
                                           " ! nucsegfilter overlay=none"),
                      0.99, 0.8, 0.2))
    failed = 0
    for what, s, links, told, false in cases:
        wrong = s.claimed - len(s.told)
        ok = (s.links > 1000 and s.held >= links * s.links
              and len(s.told) >= told * len(s.daughters)
              and wrong <= false * s.claimed)
        failed += not ok
        print(f"{'ok' if ok else 'FAIL'}: {what}: {s}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
