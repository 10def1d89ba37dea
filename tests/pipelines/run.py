#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the launch lines of README.md, which are the files of pipelines/.

Each line of the README must stand, word for word, in one file of pipelines/
and the other way round. Each is run with what a test lacks exchanged: a
screen (fakesink) and endless time (20 frames). The files they write are
decoded again and their frames counted. Prints TAP.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

FRAMES = 20
ROOT = pathlib.Path(__file__).resolve().parents[2]
# In this order: the last but one reads what the one before it wrote.
ORDER = ["watch.sh", "record.sh", "keep-raw.sh", "annotate-file.sh", "labels.sh"]
# What a line leaves behind: the file, and the decoder that counts its frames.
RESULTS = {
    "record.sh": ["nuclei.mkv"],
    "annotate-file.sh": ["annotated.mkv"],
    "keep-raw.sh": ["raw.mkv"],
}


def launch_lines(text):
    """All gst-launch-1.0 commands of a text, backslash-newlines joined."""
    joined = re.sub(r"\\\n\s*", "", text)
    return [
        " ".join(line.split())
        for line in joined.splitlines()
        if line.startswith("gst-launch-1.0")
    ]


def for_a_test(line):
    """The line with a sink that needs no screen and an end."""
    line = re.sub(r"\s+num-buffers=\d+", "", line)
    line = line.replace("nuctestsrc", f"nuctestsrc num-buffers={FRAMES}")
    return line.replace("autovideosink", "fakesink sync=true")


def run(command, folder, leaks=True):
    environment = dict(os.environ)
    if "NUCSEG_TEST_PRELOAD" in environment:
        environment["LD_PRELOAD"] = environment["NUCSEG_TEST_PRELOAD"]
        # Whole call chains: programs that lack the sanitizer's frame pointers
        # would show leaks without a name to know them by.
        environment["ASAN_OPTIONS"] += f":fast_unwind_on_malloc=0:detect_leaks={leaks:d}"
        environment["LSAN_OPTIONS"] = (
            f"print_suppressions=0:suppressions={ROOT / 'tests' / 'leaks.supp'}"
        )
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )


def count_frames(path):
    """Frames that decode: identity's messages on the decoded video."""
    result = run(
        ["gst-launch-1.0", "-v", "filesrc", f"location={path}", "!", "decodebin",
         "!", "videoconvert", "!", "identity", "silent=false", "name=count", "!", "fakesink"],
        path.parent,
    )
    return len(re.findall(r"count: last-message = chain", result.stdout))


def check(name, line, folder):
    """Runs one line; returns what is wrong with it, or None."""
    result = run(shlex.split(for_a_test(line)), folder)
    said = (result.stdout + result.stderr).strip()
    if result.returncode != 0 or "ERROR" in said:
        return f"exit status {result.returncode}: {said}"
    for file_name in RESULTS.get(name, []):
        frames = count_frames(folder / file_name)
        if frames != FRAMES:
            return f"{file_name}: {frames} frames decode, {FRAMES} expected"
    if name == "labels.sh":
        files = sorted(folder.glob("labels-*.png"))
        if len(files) != FRAMES:
            return f"{len(files)} label maps, {FRAMES} expected"
        # Bytes 24 and 25 of a PNG: bit depth and colour type.
        if any(file.read_bytes()[24:26] != b"\x10\x00" for file in files):
            return "the label maps are not 16-bit grey PNG files"
    return None


def main():
    readme = launch_lines((ROOT / "README.md").read_text(encoding="utf-8"))
    files = {}
    for path in sorted((ROOT / "pipelines").glob("*.sh")):
        lines = launch_lines(path.read_text(encoding="utf-8"))
        assert len(lines) == 1, f"{path.name}: one launch line expected, {len(lines)} found"
        files[path.name] = lines[0]
    print(f"1..{len(ORDER) + 1}")
    same = sorted(readme) == sorted(files.values()) and sorted(ORDER) == sorted(files)
    print(f"{'ok' if same else 'not ok'} 1 - README.md and pipelines/ hold the same lines")
    if not same:
        for line in set(readme) ^ set(files.values()):
            print(f"# only in one of them: {line}")
    failed = not same
    with tempfile.TemporaryDirectory() as folder:
        # The registry first: looking into all plug-ins of a machine finds what
        # they leak, and that is not for us to judge.
        os.environ["GST_REGISTRY"] = str(pathlib.Path(folder) / "registry.bin")
        run(["gst-inspect-1.0", "nucsegfilter"], folder, leaks=False)
        for number, name in enumerate(ORDER, 2):
            wrong = check(name, files[name], pathlib.Path(folder))
            print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
            for line in (wrong or "").splitlines():
                print(f"# {line}")
            failed = failed or bool(wrong)
    return 1 if failed else 0


sys.exit(main())
