# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the tests of element-bench and streams-bench: a folder $dir that is
# removed at the end, and what their programs need to run with sanitizers.
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Only the plug-ins that are used, in this process: GStreamer's scanner can't load
# what has a sanitizer, which in turn finds leaks of all others.
mkdir "$dir/plugins"
for name in coreelements videoconvertscale videoconvert; do
  plugin=$GST_PLUGIN_SYSTEM_PATH_1_0/libgst$name.so
  [[ ! -e $plugin ]] || ln -s "$plugin" "$dir/plugins/"
done
export GST_PLUGIN_SYSTEM_PATH_1_0=$dir/plugins GST_REGISTRY=$dir/registry.bin GST_REGISTRY_FORK=no
# as tests/leaks.supp names the loader, far up
export ASAN_OPTIONS=${ASAN_OPTIONS-}:fast_unwind_on_malloc=0

# check FILE EXPRESSION: of r, the only row
check () {
  python3 - "$@" <<'END_PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
if isinstance(r, list):
    (r,) = r
assert eval(sys.argv[2]), (sys.argv[2], r)
END_PYTHON
}
