#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tries bench/gpu/run where there is no GPU: programs of the same names stand in,
# which pass, fail, hang or write numbers. $1: the folder bench/gpu.
set -euo pipefail
source=$1
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }
dir=$(mktemp -d)
# what was killed may still write
trap 'rm -rf "$dir" || true' EXIT
mkdir -p "$dir"/pack/{bin,lib,modules,models,plugins,vectors} "$dir/python/torch"
cp "$source"/{run,report.py} "$dir/pack/"
echo test >"$dir/pack/version"
# A PyTorch with CUDA, as far as the script asks.
echo 'class cuda:
    is_available = staticmethod(lambda: True)' >"$dir/python/torch/__init__.py"
export PYTHONPATH=$dir/python TMPDIR=$dir
cat >"$dir/pack/torch_network.py" <<'END'
import json, sys
a = dict(zip(sys.argv[2::2], sys.argv[3::2]))
if a["--way"] == "max-autotune" and a["--size"] == "2048":
    sys.exit("no memory")
open(a["--json"], "w").write(json.dumps({
    "way": a["--way"], "precision": "bf16", "size": int(a["--size"]),
    "p50_ms": 0.5, "p99_ms": 0.75}))
END

# stub NAME: a program of the pack, its text from standard input
stub () { { echo '#!/usr/bin/env bash'; cat; } >"$dir/pack/bin/$1"; chmod +x "$dir/pack/bin/$1"; }
for name in decode micro-prepare micro-decode micro-overlay; do
  stub "parity-$name" <<<'echo ok 1; echo 1..1'
done
stub parity-frame <<<'echo not ok 1; echo 1..1; exit 1'
stub engine-bench <<'END'
while (( $# )); do [[ $1 == --json ]] && json=$2; [[ $1 == --precisions ]] && p=$2; [[ $1 == --sizes ]] && s=$2; shift; done
echo "[{\"precision\": \"$p\", \"size\": $s, \"frames\": 9, \"network_p50_ms\": 0.2, \"network_p99_ms\": 0.3, \"prepare_p50_ms\": null, \"total_p50_ms\": 0.4, \"total_p99_ms\": 0.6}]" >"$json"
END
stub element-bench <<'END'
[[ $* != *--cuda-memory* ]] || { echo "no cudaupload" >&2; exit 1; }
while (( $# )); do [[ $1 == --json ]] && json=$2; shift; done
echo '[{"precision": "bf16", "size": 512, "frames": 9, "memory": "system, GRAY8", "pads_p50_ms": 0.5, "pads_p99_ms": 0.7}]' >"$json"
END
# hangs, and takes no notice of being asked to end
stub streams-bench <<<'trap "" TERM; for i in {1..600}; do sleep 0.1; done'

failed=0
expect () { "$@" || { echo "failed: $*" >&2; failed=1; }; }
said () { grep -qE -- "$1" <<<"$table"; }

# 1. everything, some of which goes wrong
code=0
table=$(LIMIT=600 "$dir/pack/run" "$dir/results" parity bench torch 2>"$dir/errors") || code=$?
expect test "$code" -eq 1
expect said '^parity-decode +ok'
expect said '^parity-frame +FAILED \(1\)'
expect said '^cuda bf16, whole frame, 9 frames +512 +0.400 +0.600$'
expect said '^cuda f32, network alone +512 +0.200 +0.300$'
expect said '^cuda bf16, in turn, whole frame, 9 frames +512 +0.400 +0.600$'
expect said '^element-512-cuda +FAILED'
expect said '^nucsegfilter bf16, system, GRAY8, 9 frames +512 +0.500'
expect said '^PyTorch max-autotune bf16, network alone +512 +0.500'
expect said '^torch-max-autotune-2048 +FAILED'
expect grep -q 'parity-frame failed' "$dir/errors"
expect test "$(cd "$dir/results" && echo *)" = "logs.tgz results.json table.txt"
expect python3 - "$dir/results/results.json" <<'END'
import json, sys
r = json.load(open(sys.argv[1]))
assert len(r["engine"]) == 3 and len(r["torch"]) == 3, r
assert {s["name"]: s["status"] for s in r["steps"]}["parity-frame"] == 1
END
expect tar -tzf "$dir/results/logs.tgz" ./parity-frame.log >/dev/null

# 2. no time: what hangs is cut off, what does not fit is left out, both noted
code=0
table=$(LIMIT=30 "$dir/pack/run" "$dir/short" streams bench 2>"$dir/errors") || code=$?
expect test "$code" -eq 1
expect said '^streams-start-1 +out of time'
expect said '^engine-512-bf16 +no time left'

# 3. ended from outside in the middle of a group: what was found is there
stub element-bench <<<'sleep 60'
LIMIT=600 "$dir/pack/run" "$dir/cut" bench >/dev/null 2>&1 &
pid=$!
disown
while kill -0 "$pid" 2>/dev/null; do
  grep -qs '^engine-512-bf16' "$dir/cut/table.txt" && break
  sleep 0.1
done
kill -9 "$pid"
pkill -9 -f "$dir/pack/bin/element-bench" || true
table=$(cat "$dir/cut/table.txt" || true)
expect said '^cuda bf16, whole frame, 9 frames +512'

# 4. nothing to run on, and wrong arguments
for name in "$dir"/pack/bin/parity-*; do
  stub "$(basename "$name")" <<<"echo \"back end 'cuda': no device\""
done
code=0
"$dir/pack/run" "$dir/none" 2>"$dir/errors" || code=$?
expect test "$code" -eq 77
expect grep -q 'no GPU to run on: no device' "$dir/errors"
code=0
"$dir/pack/run" "$dir/none" sanitiser 2>"$dir/errors" || code=$?
expect test "$code" -eq 2
expect grep -q "no group 'sanitiser'" "$dir/errors"
exit "$failed"
