#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The plug-in of a build with the CUDA back end on a machine whose driver sees
# no GPU: it links nothing of CUDA, shows its page, and runs on the CPU, which
# the bus hears of; asked for cuda by name it stops with the reason.
#
#   plugin.sh LIBGSTNUCSEG.so
set -euo pipefail
ldd "$1" >libraries.txt
if grep -E 'libcud|libnv' libraries.txt; then
  echo "the plug-in links a library of CUDA" >&2
  exit 1
fi
gst-inspect-1.0 nucsegfilter >page.txt
grep -q 'backend ' page.txt
gst-launch-1.0 -m nuctestsrc num-buffers=3 ! \
  video/x-raw,format=GRAY8,width=128,height=128 ! nucsegfilter backend=auto ! fakesink >auto.txt 2>&1
cat auto.txt
grep -q 'WARNING.*sees no GPU.* takes over' auto.txt
# a structure's strings have their spaces escaped
tr -d '\\' <auto.txt >plain.txt
grep -q 'nucseg-backend, backend=.*reason=.*sees no GPU' plain.txt
if gst-launch-1.0 nuctestsrc num-buffers=3 ! \
  video/x-raw,format=GRAY8,width=128,height=128 ! nucsegfilter backend=cuda ! fakesink >said.txt 2>&1; then
  echo "backend=cuda ran without a GPU" >&2
  exit 1
fi
cat said.txt
grep -q 'sees no GPU' said.txt
