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
mkdir -p "$dir"/pack/{bin,lib,modules,models,plugins,vectors,training} \
  "$dir"/python/{torch,numpy,scipy,PIL,tqdm} "$dir/tools" "$dir/data"
cp "$source"/{run,report.py,bars.py} "$dir/pack/"
echo test >"$dir/pack/version"
# A PyTorch with CUDA, as far as the script asks.
echo 'class cuda:
    is_available = staticmethod(lambda: True)' >"$dir/python/torch/__init__.py"
touch "$dir"/python/{numpy,scipy,PIL,tqdm}/__init__.py
export PYTHONPATH=$dir/python TMPDIR=$dir PATH=$dir/tools:$PATH
printf 'id,kind,split\na,colour,train\nb,colour,val\nc,colour,val\n' >"$dir/data/split.csv"
cat >"$dir/pack/torch_network.py" <<'END'
import json, sys
a = dict(zip(sys.argv[2::2], sys.argv[3::2]))
if a["--way"] == "max-autotune" and a["--size"] == "2048":
    sys.exit("no memory")
open(a["--json"], "w").write(json.dumps({
    "way": a["--way"], "precision": "bf16", "size": int(a["--size"]),
    "p50_ms": 0.5, "p99_ms": 0.75, "torch": "2.0", "cuda": "13.0",
    "cudnn": 91900}))
END
cat >"$dir/pack/training/evaluate" <<'END'
import json, os, sys
a = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert sorted(os.listdir(a["--predictions"])) == ["b.png", "c.png"], a
ap = 0.861 if a["--predictions"].endswith("bf16") else 0.863
open(a["--json"], "w").write(json.dumps({
    "all": {"ap0.50": ap, "ap_mean_50_90": 0.66}}))
END

# stub NAME: a program of the pack, its text from standard input
stub () { { echo '#!/usr/bin/env bash'; cat; } >"$dir/pack/bin/$1"; chmod +x "$dir/pack/bin/$1"; }
for name in decode micro-prepare micro-decode micro-overlay; do
  stub "parity-$name" <<<'echo ok 1; echo 1..1'
done
stub parity-random <<'END'
[[ $NUCSEG_TEST_GRAPHS == 20 && $3 == -p && $4 == /parity/random/* ]] && echo "ok 1 $4" || exit 1
END
stub parity-frame <<<'echo not ok 1; echo 1..1; exit 1'
stub device-memories <<'END'
[[ -n $NUCSEG_TEST_PLUGIN && -n $NUCSEG_TEST_GST_PLUGINS && $NUCSEG_REQUIRE == cuda ]] || exit 1
printf '%s\n' 1..3 'ok 1 /a' 'ok 2 /b # SKIP no reason' 'ok 3 /c'
END
stub device-engine-pinned <<<'[[ $* == cuda ]] && echo ok 1 || exit 1'
stub device-cuda-frames <<<'echo ok 1; echo not ok 2; exit 1'
stub engine-bench <<'END'
while (( $# )); do [[ $1 == --json ]] && json=$2; [[ $1 == --precisions ]] && p=$2; [[ $1 == --sizes ]] && s=$2; shift; done
echo "[{\"precision\": \"$p\", \"size\": $s, \"frames\": 9, \"network_p50_ms\": 0.2, \"network_p99_ms\": 0.3, \"prepare_p50_ms\": null, \"total_p50_ms\": 0.4, \"gpu_total_p50_ms\": 0.35, \"gpu_total_p99_ms\": 0.45, \"total_p99_ms\": 0.6}]" >"$json"
END
stub element-bench <<'END'
[[ $* != *--cuda-memory* ]] || { echo "no cudaupload" >&2; exit 1; }
d=1 f=10000 o=BGRx
while (( $# )); do [[ $1 == --output ]] && o=$2; [[ $1 == --json ]] && json=$2; [[ $1 == --sizes ]] && s=$2; [[ $1 == --pipeline-depth ]] && d=$2; shift; done
[[ $s == 512 ]] || f=700
p50=0.5
[[ $o != GRAY8 ]] || p50=0.25
echo "[{\"precision\": \"bf16\", \"size\": $s, \"frames\": $f, \"pipeline_depth\": $d, \"memory\": \"system, GRAY8\", \"output\": \"$o\", \"pads_p50_ms\": $p50, \"pads_p99_ms\": 1.125, \"frames_per_s\": 99.5}]" >"$json"
END
stub streams-bench <<'END'
json=/dev/null
while (( $# )); do [[ $1 == --json ]] && json=$2; [[ $1 == --batch-streams ]] && b=$2; shift; done
[[ ${CUDA_DEVICE_MAX_CONNECTIONS-} != 32 ]] || b=2
echo "{\"streams\": 16, \"size\": 512, \"rate\": 30, \"seconds\": 10, \"batch_streams\": $b, \"frames\": 4790, \"lost\": $((b / 8 * 3)), \"mean_batch\": 1, \"pads_p50_ms\": 1.5, \"pads_p99_ms\": 2.5}" >"$json"
END
stub kernels-bench <<'END'
[[ $* != *--small* ]] || { echo "kernels-bench: nucseg_cuda_fill, gray8: element 0 differs" >&2; exit 1; }
while (( $# )); do [[ $1 == --json ]] && json=$2; shift; done
echo '[{"function": "nucseg_cuda_fill", "case": "gray8", "type": "bf16", "size": 512, "p50_us": 4.5, "gb_per_s": 250, "twin_p50_ms": 0.5},
 {"function": "nucseg_cuda_decode", "case": "votes", "type": null, "size": 2048, "p50_us": 400, "gb_per_s": 100, "twin_p50_ms": null}]' >"$json"
END
stub nucseg <<'END'
if [[ $1 == info ]]; then
  printf '%s\n' "  libnucseg  0.1.0" "  cuda       can start (CUDA 13.0, cuDNN 9.19.0, NVIDIA H0)"
  exit
fi
while (( $# )); do
  [[ $1 == --out ]] && mkdir -p "$2" && out=$2
  [[ $1 == */images/*.png ]] && touch "$out/${1##*/}"
  shift
done
END
cat >"$dir/tools/compute-sanitizer" <<'END'
#!/usr/bin/env bash
[[ $* != *"racecheck"*parity-micro-decode* ]] || { echo "========= RACECHECK SUMMARY: 1 hazard"; exit 9; }
[[ $* != *"--tool memcheck"* || $* == *" --report-api-errors no "* ]] || exit 3
[[ $* != *parity-int8* ]] || { echo "Device not supported"; exit 1; }
echo "========= ERROR SUMMARY: 0 errors"
END
chmod +x "$dir/tools/compute-sanitizer"

failed=0
expect () { "$@" || { echo "failed: $*" >&2; failed=1; }; }
said () { grep -qE -- "$1" <<<"$table"; }

# 1. everything, some of which goes wrong
stub parity-int8 <<<'echo 1..0'
stub parity-network <<<'echo ok 1; echo 1..1'
code=0
table=$(LIMIT=600 DATA=$dir/data "$dir/pack/run" "$dir/results" 2>"$dir/errors") || code=$?
expect test "$code" -eq 1
expect said 'driver .*, 20[0-9-]+T'
expect said '^nucsegfilter test \(libnucseg 0\.1\.0\), CUDA 13\.0, cuDNN 9\.19\.0, '
expect said '^PyTorch 2\.0, CUDA 13\.0, cuDNN 91900$'
expect said '^parity-decode +ok'
expect said '^parity-frame +FAILED \(1\)'
expect said '^device-memories +ok +[0-9]+ s  2 ok, 0 failed, 1 skipped$'
expect said '^device-engine-pinned +ok +[0-9]+ s  1 ok, 0 failed, 0 skipped$'
expect said '^device-cuda-frames +FAILED \(1\) +[0-9]+ s  1 ok, 1 failed, 0 skipped$'
expect said '^parity-random-f16 +ok'
expect said '^cases of parity: 8 ok, 1 failed, 0 skipped$'
expect said '^16 streams at 30/s, batches of 2, 32 connections, slowest'
expect test -d "$dir/pack/cache"
expect said '^cases of elements: 4 ok, 1 failed, 1 skipped$'
expect said "^the element's tests pass, .* 2  missed \(of 3 programs passed\)"
expect said '^cuda bf16, whole frame, 9 frames +512 +0.400 +0.600$'
expect said "^cuda bf16, whole frame, GPU's events +512 +0.350 +0.450$"
expect said '^cuda f32, network alone +512 +0.200 +0.300$'
expect said '^cuda bf16, in turn, whole frame, 9 frames +512 +0.400 +0.600$'
expect said '^element-512-cuda +FAILED'
expect said '^nucsegfilter bf16, system, GRAY8 to BGRx, 10000 frames +512 +0.500 +1.125  99.5 frames/s'
expect said '^nucsegfilter bf16, system, GRAY8 to BGRx, depth 4, 10000 frames +512'
expect said '^PyTorch max-autotune bf16, network alone +512 +0.500'
expect said '^torch-max-autotune-2048 +FAILED'
expect said '^torch.compile, best / our whole frame +512 +1\.25x'
expect said '^memcheck-network-one +ok .*0 errors'
expect said '^initcheck-micro-prepare +ok'
expect said '^racecheck-micro-decode +FAILED \(9\) .*1 hazard'
expect said '^  memcheck-int8: skipped'
expect said '^512x512, system memory, pad to pad, p50 <= 0.7 ms +0.5  holds'
expect said '^512x512, system memory, pad to pad, p99 <= 1.0 ms +1.125  missed'
expect said '^nucsegfilter bf16, system, GRAY8 to NV12, 10000 frames +512'
expect said '^512x512, system memory, grey, pad to pad, p50 <= 0.7 ms +0.25  holds'
expect said '^512x512, CUDA memory .* -  not measured \(element-512-cuda: failed \(1\)\)$'
expect said '^2048x2048, .* 99.5  missed'
expect said '^16 streams .* 0  holds \(frames lost of 4790, batches of 1\)'
expect said "^512x512, network, .*torch.compile's best +2.5  holds \(our whole frame: 1.25\)"
expect said '^labels and maps .* 9  missed \(of 10 programs passed\)'
expect said '^AP on val, .* 0.002  holds'
expect said '^kernels-small +FAILED'
expect said '^nucseg_cuda_fill +gray8 +bf16 +512 +4.50 +250.0 +0.500$'
expect said '^nucseg_cuda_decode +votes +- +2048 +400.00 +100.0 +-$'
expect grep -q 'parity-frame failed' "$dir/errors"
expect test "$(cd "$dir/results" && echo *)" = "logs.tgz results.json table.txt"
expect python3 - "$dir/results/results.json" <<'END'
import json, sys
r = json.load(open(sys.argv[1]))
assert len(r["engine"]) == 3 and len(r["torch"]) == 3, r
assert len(r["streams"]) == 3 and len(r["bars"]) == 11, r
assert {s["name"]: s["status"] for s in r["steps"]}["parity-frame"] == 1
assert r["cases"]["elements"] == {"ok": 4, "failed": 1, "skipped": 1}, r["cases"]
assert r["versions"]["cudnn"] == "9.19.0" and r["driver"]
assert set(r["groups"].values()) == {"run"}, r["groups"]
END
expect tar -tzf "$dir/results/logs.tgz" ./parity-frame.log >/dev/null

# 2. what the host may lack: said group by group, and no failure
rm "$dir"/pack/bin/device-*
code=0
table=$("$dir/pack/run" "$dir/lacking" elements 2>"$dir/errors") || code=$?
expect test "$code" -eq 0
expect said "^  elements: the folder was packed without GStreamer's tests"
expect said "^the element's tests pass, .* -  not measured \(elements: the folder"
for name in "$dir"/pack/bin/parity-*; do stub "$(basename "$name")" <<<'echo ok 1; echo 1..1'; done
echo 'raise ImportError("no tqdm")' >"$dir/python/tqdm/__init__.py"
echo 'raise ImportError("no torch")' >"$dir/python/torch/__init__.py"
mv "$dir/tools/compute-sanitizer" "$dir/tools/sanitizer"
code=0
table=$(DATA=$dir/data "$dir/pack/run" "$dir/lacking" torch accuracy parity 2>"$dir/errors") ||
  code=$?
expect test "$code" -eq 0
expect said '^  torch: PyTorch with CUDA is not installed'
expect said "^  accuracy: training/evaluate can't run: ImportError: no tqdm"
expect said '^  streams: not asked for'
expect said "^512x512, network, .* -  not measured \(torch: PyTorch"
expect said '^AP on val, .* -  not measured \(accuracy: training/evaluate'
expect said '^16 streams .* -  not measured \(streams: not asked for'
expect said '^labels and maps .* holds'
code=0
table=$("$dir/pack/run" "$dir/lacking" accuracy 2>"$dir/errors") || code=$?
expect test "$code" -eq 0
expect said '^  accuracy: DATA names no folder'
if ! PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer >/dev/null; then
  table=$("$dir/pack/run" "$dir/lacking" sanitizer 2>"$dir/errors") || code=$?
  expect test "$code" -eq 0
  expect said '^  sanitizer: compute-sanitizer is not installed'
fi

# 3. no time: what hangs is cut off, what does not fit is left out, both noted;
# of the sanitizer that is expected
stub streams-bench <<<'trap "" TERM; for i in {1..600}; do sleep 0.1; done'
code=0
table=$(LIMIT=14 "$dir/pack/run" "$dir/short" streams bench 2>"$dir/errors") || code=$?
expect test "$code" -eq 1
expect said '^streams-start-1 +out of time'
expect said '^engine-512-bf16 +no time left'
expect said '^  streams-start-1: cut off after'
expect said '^  engine-512-bf16: no time was left'
printf '%s\n' '#!/bin/sh' 'exec sleep 60' >"$dir/tools/sanitizer"
mv "$dir/tools/sanitizer" "$dir/tools/compute-sanitizer"
code=0
table=$(LIMIT=12 "$dir/pack/run" "$dir/short" sanitizer 2>"$dir/errors") || code=$?
expect test "$code" -eq 0
expect said '^memcheck-micro-overlay +out of time'
expect said '^memcheck-int8 +no time left'

# 4. ended from outside in the middle of a group: what was found is there
# wait_for FILE
wait_for () {
  local i
  for i in {1..600}; do
    [[ ! -s $1 ]] || return 0
    sleep 0.1
  done
}
stub element-bench <<<"echo \$\$ >'$dir/pid'; exec sleep 60"
stub streams-bench <<<'exit 1'
LIMIT=600 "$dir/pack/run" "$dir/cut" streams bench >/dev/null 2>&1 &
pid=$!
disown
wait_for "$dir/pid"
kill -9 "$pid" "$(cat "$dir/pid")"
table=$(cat "$dir/cut/table.txt" || true)
expect said '^streams-batch-8 +FAILED'
expect said '^  bench: not reached'
# ask GROUP...: runs those, and asks the script to end when a step says its PID
ask () {
  local code=0
  rm "$dir/pid"
  LIMIT=600 "$dir/pack/run" "$dir/asked" "$@" >/dev/null 2>"$dir/errors" &
  pid=$!
  wait_for "$dir/pid"
  kill "$pid"
  wait "$pid" || code=$?
  expect test "$code" -eq 143
  (( code == 143 )) || cat "$dir/errors" >&2
  if kill -0 "$(cat "$dir/pid")" 2>/dev/null; then
    echo "failed: what was running was left" >&2
    failed=1
  fi
  table=$(cat "$dir/asked/table.txt" || true)
}
ask parity bench
expect said '^parity-decode +ok'
expect said '^  bench: ended early'
stub parity-decode <<<"echo \$\$ >'$dir/pid'; exec sleep 60"
ask parity
expect said '^  parity: ended early'
expect said '^labels and maps .* -  not measured'

# 5. nothing to run on, and wrong arguments
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
