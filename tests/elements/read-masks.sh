#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs examples/read_masks.py on a synthetic stream: a line for each frame, with
# nuclei in it. $1 is the example, $2 the sanitizers of the build. Needs Debian's python3-gi, python3-gst-1.0
# and python3-numpy; skipped where they are not there.
set -eu
example=$1

. "$(dirname "$0")/find-python.sh"

source="nuctestsrc num-buffers=4 is-live=false seed=7"
size="video/x-raw,format=GRAY8,width=128,height=128"
out=$("$python" "$example" "$source count=12 ! $size ! nucsegfilter overlay=none")
echo "$out"
[ "$(echo "$out" | wc -l)" -eq 4 ]
echo "$out" | awk '{ if ($3 < 1 || $8 < 10) exit 1 }'

# no nuclei
out=$("$python" "$example" "$source count=0 ! $size ! nucsegfilter overlay=none")
[ "$(echo "$out" | grep -c ' 0 nuclei, mean area 0.0 ')" -eq 4 ]

# an error says what is wrong
if out=$("$python" "$example" "$source ! $size ! nucsegfilter model=no-such" 2>&1); then
  echo "no error for a model that is not there" >&2
  exit 1
fi
echo "$out" | grep -q no-such

# so do a pipeline without masks, and one that can't be made
for wrong in "videotestsrc num-buffers=2" "no-such-element"; do
  if out=$("$python" "$example" "$wrong" 2>&1); then
    echo "no error for $wrong" >&2
    exit 1
  fi
  echo "$out"
  [ "$(echo "$out" | grep -c '^read_masks.py: ')" -eq 1 ]
  ! echo "$out" | grep -q Traceback
done
