#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What streams-bench counts of cameras that an element keeps up with, of those
# that it doesn't, and what it says where none can start. $1: the program.
set -euo pipefail
bench=$1
. "$(dirname "$0")/test-support.sh"

# 1. at the rate that is asked for, though the element could do more
start=$(date +%s%3N)
"$bench" --streams 3 --rate 2 --seconds 3 --size 32 --threads 1 --json "$dir/a"
ms=$(($(date +%s%3N) - start))
check "$dir/a" 'r["frames"] == 3 * 2 * 3 and r["lost"] == 0'
check "$dir/a" 'r["pads_p99_ms"] >= r["pads_p50_ms"] > 0'
# the last frame comes an interval before the end
(( ms >= 2500 )) || { echo "6 frames at 2/s took $ms ms" >&2; exit 1; }

# 2. one that takes longer for a frame than there are between two: the cameras
# don't wait for it, and each frame came out or is lost
"$bench" --backend reference --streams 2 --rate 1000 --seconds 2 --size 64 --threads 1 \
  --json "$dir/b"
check "$dir/b" 'r["backend"] == "reference"'
check "$dir/b" 'r["frames"] + r["lost"] == 2 * 1000 * 2'
check "$dir/b" 'r["lost"] > r["frames"] > 0'

# 3. nothing to run on, and wrong options
if "$bench" --backend none --seconds 1 2>"$dir/errors"; then exit 1; fi
grep -q '^streams-bench: ' "$dir/errors"
if "$bench" --streams 65 2>"$dir/errors"; then exit 1; fi
grep -q -- '--streams 65: 1 to 64 is expected' "$dir/errors"
