#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What element-bench writes when it comes to its end, when it is interrupted,
# and of wrong options. $1: the program.
set -euo pipefail
bench=$1
. "$(dirname "$0")/test-support.sh"

# 1. more frames than are drawn, in a format that is converted
"$bench" --sizes 64 --frames 100 --format RGB --element identity --json "$dir/a"
check "$dir/a" 'r["frames"] == 100 and r["frames_asked"] == 100'
check "$dir/a" 'r["memory"] == "system, RGB" and r["frames_per_s"] > 0'

# 2. the element, one frame at a time and several
for depth in 1 2; do
  "$bench" --sizes 64 --frames 6 --pipeline-depth "$depth" --json "$dir/b"
  check "$dir/b" 'r["frames"] == 6 and r["pads_p99_ms"] >= r["pads_p50_ms"] > 0'
  check "$dir/b" "r['pipeline_depth'] == $depth and r['nuclei'] > 0"
done

# 3. what it prefers to make of grey frames, what it is asked for, what it can't
"$bench" --sizes 64 --frames 2 --json "$dir/e"
check "$dir/e" 'r["output"] == "BGRx"'
for format in GRAY8 NV12; do
  "$bench" --sizes 64 --frames 2 --output "$format" --json "$dir/e"
  check "$dir/e" "r['output'] == '$format' and r['memory'] == 'system, GRAY8'"
done
if "$bench" --sizes 64 --frames 2 --output YUY2 2>"$dir/errors"; then exit 1; fi
grep -q '^element-bench: ' "$dir/errors"

# 4. interrupted: what came out until then counts
for signal in TERM INT; do
  code=0
  timeout --preserve-status -s "$signal" 3 "$bench" --sizes 64 \
    --frames 100000000 --element identity --json "$dir/c-$signal" || code=$?
  expected=$((128 + $(kill -l "$signal")))
  [[ $code == "$expected" ]] || { echo "exit status $code, not $expected" >&2; exit 1; }
  check "$dir/c-$signal" '0 < r["frames"] < r["frames_asked"] == 100000000'
done

# 5. interrupted while the element keeps a frame for ever: written none the less
{
  timeout -k 4 3 "$bench" --sizes 64 --frames 100 --json "$dir/d" \
    --element 'identity sleep-time=1000000000' || true
} 2>/dev/null
[[ -e $dir/d ]]

# 6. wrong options
if "$bench" --frames 1 --pipeline-depth 5 2>"$dir/errors"; then exit 1; fi
grep -q 'pipeline-depth must be 1 to 4' "$dir/errors"
