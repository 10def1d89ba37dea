#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What engine-bench writes of a back end that runs a frame stage by stage, and of
# one that does so in one go and has the GPU's own time, as the emulated one of
# the tests says. $1: the program; $2: the emulated back end's name, or nothing.
set -euo pipefail
bench=$1 emulated=${2-}
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export XDG_CACHE_HOME=$dir

# check FILE EXPRESSION: of r, the only row
check () {
  python3 - "$@" <<'END_PYTHON'
import json, sys
(r,) = json.load(open(sys.argv[1]))
assert eval(sys.argv[2]), (sys.argv[2], r)
END_PYTHON
}

"$bench" --backends reference --precisions f32 --sizes 32 --frames 2 --warm-up 0 --json "$dir/a"
check "$dir/a" 'r["frames"] == 2 and r["total_p99_ms"] >= r["decode_p50_ms"] > 0'
check "$dir/a" '"gpu_total_p50_ms" not in r'

[[ -n $emulated ]] || exit 0
"$bench" --backends "$emulated" --precisions f32 --sizes 32 --frames 2 --warm-up 0 --json "$dir/b"
check "$dir/b" 'r["network_p50_ms"] > 0 and r["decode_p50_ms"] is None'
check "$dir/b" 'r["gpu_total_p99_ms"] >= r["gpu_total_p50_ms"] > 0'
check "$dir/b" 'r["gpu_network_p99_ms"] >= r["gpu_network_p50_ms"] > 0'
