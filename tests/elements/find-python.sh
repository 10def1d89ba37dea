#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# To be sourced: sets python to one that can read buffers of GStreamer's, or ends
# the test as skipped. $2 is the sanitizers of the build.
python=
for candidate in /usr/bin/python3 python3; do
  if "$candidate" -c 'import gi, numpy
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.Buffer.map_range' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "SKIP: no Python with python3-gi, python3-gst-1.0 and python3-numpy"
  exit 77
fi
if [ "${2:-none}" != none ]; then
  echo "SKIP: a Python without a sanitizer can't load a build with one ($2)"
  exit 77
fi
