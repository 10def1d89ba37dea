#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the labels and the objects of each frame with numpy, without a copy.

    read_masks.py [PIPELINE]

PIPELINE is a launch line that ends in frames with a NucsegMeta; the default
segments ten frames of the synthetic microscope. Prints a line for each frame:
the number of nuclei and their mean area in pixels.

Needs python3-gi, python3-gst-1.0 and python3-numpy.
"""
import contextlib
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import GLib, Gst, GstApp  # noqa: E402,F401
import numpy as np  # noqa: E402

DEFAULT = "nuctestsrc num-buffers=10 is-live=false ! nucsegfilter overlay=none"

# One record of `objects`: docs/metadata.md.
OBJECT = np.dtype([
    ("label", "u4"), ("x", "i4"), ("y", "i4"), ("width", "i4"),
    ("height", "i4"), ("area", "u4"), ("centroid_x", "f8"),
    ("centroid_y", "f8"), ("mean", "f8"), ("integrated", "f8"),
    ("perimeter", "f8"), ("circularity", "f8")])


class NoMasks(LookupError):
    """A buffer without the meta."""


@contextlib.contextmanager
def masks(buffer, name="NucsegMeta"):
    """The label map (height x width, uint16), the table of objects and the
    structure with everything else, of a buffer's meta; valid inside `with`.
    NoMasks where the buffer has none (docs/metadata.md, Transforms)."""
    meta = buffer.get_custom_meta(name)
    if not meta:
        raise NoMasks(f"a frame without {name}: is nucsegfilter in the "
                      "pipeline, and nothing behind it that crops or turns?")
    s = meta.get_structure()
    with contextlib.ExitStack() as maps:
        def view(field):
            b = s.get_value(field)  # no nuclei: no "objects"
            return maps.enter_context(b.map(Gst.MapFlags.READ)).data if b else b""
        labels = np.frombuffer(view("labels"), np.uint16)
        labels = labels.reshape(s.get_value("height"), s.get_value("width"))
        yield labels, np.frombuffer(view("objects"), OBJECT), s


def show(buffer):
    with masks(buffer) as (labels, objects, facts):
        assert labels.max(initial=0) == len(objects)
        area = objects["area"].mean() if len(objects) else 0
        print(f"{buffer.pts / Gst.SECOND:7.3f} s  {len(objects):4d} nuclei, "
              f"mean area {area:.1f} pixels  ({facts.get_value('model')}, "
              f"{facts.get_value('time-total') / 1e6:.1f} ms)")


def run(line, handle, program="read_masks.py"):
    """Calls handle with each frame that comes out of a launch line; ends the
    program where something goes wrong."""
    Gst.init(None)
    try:
        pipeline = Gst.parse_launch(line + " ! appsink name=sink sync=false")
    except GLib.Error as error:
        sys.exit(f"{program}: {error.message}")
    sink = pipeline.get_by_name("sink")
    state = pipeline.set_state(Gst.State.PLAYING)
    started = state != Gst.StateChangeReturn.FAILURE
    try:
        while started and (sample := sink.pull_sample()):
            handle(sample.get_buffer())
    except NoMasks as error:
        sys.exit(f"{program}: {error}")
    except KeyboardInterrupt:  # a camera has no end of its own
        pass
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        message = pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
        pipeline.set_state(Gst.State.NULL)
    if message:
        sys.exit(f"{program}: {message.parse_error()[0].message}")


def main():
    run(sys.argv[1] if len(sys.argv) > 1 else DEFAULT, show)


if __name__ == "__main__":
    main()
