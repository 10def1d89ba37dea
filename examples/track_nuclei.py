#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Follows nuclei from frame to frame by the overlap of their masks.

    track_nuclei.py [PIPELINE]

PIPELINE is a launch line that ends in frames with a NucsegMeta; the default
segments the synthetic microscope for four seconds. Prints a table (CSV): a row for each
nucleus and frame with its track's number, which stays the same through the
stream, and that of its mother, 0 unless the track began with a division.

Frames must follow so closely that a nucleus overlaps itself. To try another
tracker, put it in Tracker's place.

Needs python3-gi, python3-gst-1.0 and python3-numpy.
"""
import csv
import sys

from read_masks import Gst, masks, run
import numpy as np

DEFAULT = ("nuctestsrc num-buffers=120 is-live=false division-period=100 "
           "! nucsegfilter overlay=none")

LEAST_IOU = 0.2  # of a nucleus and what it was
PATIENCE = 3  # frames that a nucleus may be missed for
# Daughters lie where the mother was, and are of one size.
LEAST_IN_MOTHER = 0.4
LEAST_LIKE_SISTER = 0.5
MOST_TOGETHER = 1.4  # both, of the mother's area


class Tracker:
    """Gives labels the numbers of tracks, one frame after the other."""

    def __init__(self):
        self.frame = 0
        self.last = None  # height x width: track that each pixel was last of
        self.seen = np.zeros(1, int)  # by track: its last frame
        self.area = np.zeros(1, int)  # and its pixels then

    def add(self, labels):
        """The tracks of labels 1..n of a label map and their mothers, 0 where
        they have none: two arrays of n + 1, of which [0] is the background's."""
        n = int(labels.max(initial=0))
        self.frame += 1
        if self.last is None or self.last.shape != labels.shape:
            self.last = np.zeros(labels.shape, int)
        area = np.bincount(labels.ravel(), minlength=n + 1)
        track, mother = np.zeros(n + 1, int), np.zeros(n + 1, int)
        pairs = self._overlaps(labels, area)
        for _, old, new, _ in sorted(pairs, key=lambda p: -p[0]):
            if not track[new] and old not in track:
                track[new] = old
        for old, one, two in self._divisions(pairs, area, track):
            track[one] = track[two] = 0
            mother[one] = mother[two] = old
            self.seen[old] = -PATIENCE  # not lost
        self._begin(track)
        self._keep(labels, track, area)
        return track, mother

    def _overlaps(self, labels, area):
        """(IoU, track, label, pixels) of all pairs that overlap enough."""
        n = len(area)
        both = (labels > 0) & (self.last > 0)
        found, pixels = np.unique(self.last[both] * n + labels[both],
                                  return_counts=True)
        old, new = np.divmod(found, n)
        iou = pixels / (self.area[old] + area[new] - pixels)
        enough = (iou >= LEAST_IOU) | (pixels >= LEAST_IN_MOTHER * area[new])
        return list(zip(iou[enough], old[enough], new[enough], pixels[enough]))

    def _divisions(self, pairs, area, track):
        """(mother, label, label): what had become of a track, and a label that
        would begin one, look like two daughters of it."""
        for _, old, new, pixels in sorted(pairs, key=lambda p: -p[3]):
            heirs = np.flatnonzero(track == old)
            if track[new] or not len(heirs):
                continue
            sizes = sorted((area[new], area[heirs[0]]))
            if (pixels >= LEAST_IN_MOTHER * area[new]
                    and sizes[0] >= LEAST_LIKE_SISTER * sizes[1]
                    and sum(sizes) <= MOST_TOGETHER * self.area[old]):
                yield old, heirs[0], new

    def _begin(self, track):
        """Numbers of their own for those that go on from nothing."""
        new = np.flatnonzero(track[1:] == 0) + 1
        track[new] = len(self.seen) + np.arange(len(new))
        for name in ("seen", "area"):
            setattr(self, name, np.append(getattr(self, name),
                                          np.zeros(len(new), int)))

    def _keep(self, labels, track, area):
        """What was lost a while ago is still looked for where it was."""
        self.seen[track[1:]] = self.frame
        self.area[track[1:]] = area[1:]
        lost = self.seen < self.frame
        lost &= self.seen > self.frame - PATIENCE
        self.last = np.where(labels > 0, track[labels],
                             np.where(lost[self.last], self.last, 0))


def main():
    tracker = Tracker()
    table = csv.writer(sys.stdout)
    table.writerow(["frame", "seconds", "track", "mother", "label", "x", "y",
                    "area", "mean"])

    def write(buffer):
        with masks(buffer) as (labels, objects, _):
            track, mother = tracker.add(labels)
            table.writerows(
                [tracker.frame - 1, f"{buffer.pts / Gst.SECOND:.3f}", track[k],
                 mother[k], k, f"{o['centroid_x']:.1f}",
                 f"{o['centroid_y']:.1f}", o["area"], f"{o['mean']:.1f}"]
                for k, o in enumerate(objects, 1))
        sys.stdout.flush()

    run(sys.argv[1] if len(sys.argv) > 1 else DEFAULT, write, "track_nuclei.py")


if __name__ == "__main__":
    main()
