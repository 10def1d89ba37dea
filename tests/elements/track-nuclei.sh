#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs examples/track_nuclei.py and scores it by the truth (track_truth.py). $1 is
# the folder of the examples, $2 the sanitizers of the build, $3 its back end.
set -eu
examples=$1

. "$(dirname "$0")/find-python.sh"

"$python" "$(dirname "$0")/track_truth.py" "$examples" "$3"

# as a user runs it: a row for each nucleus, as many columns as the head
table=$("$python" "$examples/track_nuclei.py" "nuctestsrc num-buffers=3 \
  is-live=false count=9 ! video/x-raw,format=GRAY8,width=128,height=128 \
  ! nucsegfilter overlay=none")
echo "$table" | awk -F, '
  NR == 1 { columns = NF; next }
  NF != columns || $3 < 1 || $4 != 0 || $8 < 30 { exit 1 }
  { frames[$1]++ }
  END { if (NR < 20 || length(frames) != 3) exit 1 }'

# a reader that has seen enough
said=$({ "$python" "$examples/track_nuclei.py" | head -n 1 >/dev/null; } 2>&1)
[ -z "$said" ]

if out=$("$python" "$examples/track_nuclei.py" "videotestsrc num-buffers=2" 2>&1); then
  echo "no error for frames without masks" >&2
  exit 1
fi
echo "$out" | grep -q '^track_nuclei.py: '
