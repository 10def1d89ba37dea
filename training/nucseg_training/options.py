# SPDX-License-Identifier: LGPL-2.1-or-later
"""The options of training/train: from the command line, or else from the
checkpoint that a run goes on from, or else the usual ones."""

from __future__ import annotations

import argparse
import datetime
import math
import re
import sys
from pathlib import Path

from . import augment, checkpoint, limits, losses, prepare, tool
from .optimizer import OPTIMIZERS

# A model that is fine-tuned already knows nuclei: a few hundred small steps, and
# mostly the frames as they are (docs/accuracy.md, fine-tuning).
FINE_TUNING = {"steps": 400, "rate": 3e-4, "warmup": 50, "gentle": 0.8}
TRAINING = {"steps": 20000, "rate": 2e-3, "warmup": 200, "gentle": 0.0,
            "batch": 16, "crop": 256, "minutes": 1e6, "optimizer": "adamw",
            "joined": 0.0, "teacher": None, "teacher_share": 0.5,
            "weight_decay": 1e-4, "ema": 0.998, "empty": 0.02, "rare": 3.0,
            "seed": 1, "f32": None, "without": [], "loss": losses.WEIGHTS, "hold_out": 0.2, "start_from": None}
# Least and largest values; None: no bound.
RANGES = {"steps": (1, None), "crop": (1, None),
          "threads": (1, None), "workers": (0, None), "warmup": (0, None),
          "seed": (0, None), "refine": (0, None), "weight_decay": (0, None),
          "gentle": (0, 1), "joined": (0, 1), "teacher_share": (0, 1),
          "empty": (0, 1), "ema": (0, 1)}


def _term(text: str) -> tuple[str, float]:
    """TERM=WEIGHT of --loss."""
    name, _, value = text.partition("=")
    try:
        weight = float(value)
    except ValueError:
        weight = math.nan
    if name not in losses.WEIGHTS or not 0 <= weight < math.inf:
        raise argparse.ArgumentTypeError(
            f"{text!r}: one of {', '.join(losses.WEIGHTS)}, = and a number from "
            "0 up are expected")
    return name, weight


def _parser(description: str) -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description=description)
    what = p.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", type=Path,
                      help="folder with images/, labels/ and split.csv")
    what.add_argument("--images", type=Path, help="folder of your images")
    p.add_argument("--labels", type=Path,
                   help="folder of their labels: label images of the same "
                   "names, or ImageJ ROIs (default: masks/ or files beside the "
                   "images, as StarDist and Cellpose keep them)")
    p.add_argument("--hold-out", type=float, metavar="SHARE",
                   help="with --images: share that is only scored (0.2)")
    p.add_argument("--out", type=Path,
                   help="NAME.pt: checkpoint to write; NAME.safetensors: model "
                   "file, the checkpoint stands beside it (with --images: "
                   "my-nuclei.safetensors)")
    p.add_argument("--start-from", metavar="MODEL",
                   help="model, by name or file, whose weights to start with, "
                   "in the same network or, with --widths or --stem, in a "
                   "larger one")
    p.add_argument("--resume", type=Path, nargs="?", const=Path(),
                   metavar="CHECKPOINT", help="go on with an interrupted run, "
                   "whose options hold where none are given (default: the "
                   "checkpoint that --out names)")
    p.add_argument("--steps", type=int,
                   help="(20000; with --start-from and --images 400)")
    p.add_argument("--minutes", type=float,
                   help="stop after this time; the schedule ends with it")
    p.add_argument("--until", metavar="HH:MM",
                   help="stop at this time of day instead of --minutes")
    p.add_argument("--batch", type=int, help="crops a step, at least 2 (16)")
    p.add_argument("--crop", type=int, help="pixels a side (256)")
    p.add_argument("--rate", type=float, help="(2e-3; fine-tuning 3e-4)")
    p.add_argument("--warmup", type=int, help="steps (200; fine-tuning 50)")
    p.add_argument("--optimizer", choices=OPTIMIZERS,
                   help="adamw (default), or muon for the convolutions")
    p.add_argument("--gentle", type=float, metavar="SHARE",
                   help="share of crops that are shown nearly as they are (0; "
                   "fine-tuning 0.8)")
    p.add_argument("--joined", type=float, metavar="SHARE",
                   help="share of batches whose crops are joined, four or "
                   "sixteen to a frame (0); the attention's norms keep their "
                   "statistics")
    p.add_argument("--teacher", metavar="MODEL",
                   help="model, by name or file, whose maps are learnt from "
                   "besides the labels, on the same crops")
    p.add_argument("--teacher-share", type=float, metavar="SHARE",
                   help="weight of the teacher's maps; the labels have the rest "
                   "(0.5)")
    p.add_argument("--weight-decay", type=float, help="(1e-4)")
    p.add_argument("--ema", type=float,
                   help="memory of the averaged weights (0.998)")
    p.add_argument("--empty", type=float,
                   help="share of crops that are noise without nuclei (0.02)")
    p.add_argument("--rare", type=float, metavar="TIMES",
                   help="with --data: how many times as often stained tissue and "
                   "brightfield are shown as they are there (3)")
    p.add_argument("--without", nargs="+", choices=augment.PARTS, metavar="PART",
                   help="parts of the augmentation to leave out, of "
                   f"{', '.join(augment.PARTS)}")
    p.add_argument("--loss", nargs="+", type=_term, metavar="TERM=WEIGHT",
                   help="weights of the loss' terms ("
                   f"{' '.join(f'{k}={v:g}' for k, v in losses.WEIGHTS.items())})")
    p.add_argument("--normalization", choices=tuple(prepare.SPECS),
                   help="of the frames of a new network (percentile)")
    p.add_argument("--widths", type=int, nargs="+",
                   help="channels of each stage (16 32 64 128)")
    p.add_argument("--stem", type=int, choices=(1, 2, 4),
                   help="the first stage works at 1/STEM of the input (2)")
    p.add_argument("--first-convs", type=int, choices=(1, 2),
                   help="convolutions of the first stage, and of the last one "
                   "of the decoder (2)")
    p.add_argument("--first-kernel", type=int, choices=(3, 5),
                   help="size of the very first convolution (3)")
    p.add_argument("--refine", type=int,
                   help="width of a branch at full resolution that corrects "
                   "the maps of a network with a stem of 2 (0: none)")
    p.add_argument("--no-aspp", action="store_true")
    p.add_argument("--no-sap", action="store_true", help="implies --no-ce")
    p.add_argument("--no-ce", action="store_true")
    p.add_argument("--seed", type=int, help="(1)")
    p.add_argument("--device", default="auto",
                   help="auto (default), cpu, cuda or cuda:N")
    p.add_argument("--threads", type=int, default=2, help="of the CPU")
    p.add_argument("--workers", type=int, default=0,
                   help="processes that make batches (0: a thread does)")
    tool.add_precision(p)
    p.add_argument("--save-every", type=float, default=180, help="seconds")
    return p


def _check(p: argparse.ArgumentParser, a: argparse.Namespace) -> None:
    """Ends the program where an option can't be meant: not after the first
    minutes of training."""
    if a.out is None and a.data:
        p.error("--data needs --out")
    for key, (least, most) in RANGES.items():
        value, option = getattr(a, key), f"--{key.replace('_', '-')}"
        if value is None:
            continue
        if most is None and not value >= least:
            p.error(f"{option} {value}: a number from {least} up is expected")
        if most is not None and not least <= value <= most:
            p.error(f"{option} {value}: {least} to {most} is expected")
    if a.batch is not None and a.batch < 2:
        # The attention's batch norms have one value a crop.
        p.error(f"--batch {a.batch}: at least 2 are expected")
    for key in ("minutes", "rate", "rare"):
        value = getattr(a, key)
        if value is not None and not value > 0:
            p.error(f"--{key} {value}: more than 0 is expected")
    if a.widths and (len(a.widths) < 2 or min(a.widths) < 1):
        p.error(f"--widths {' '.join(map(str, a.widths))}: two or more numbers "
                "from 1 up are expected")
    if a.until is not None:
        seconds_until(a.until)
    without = [f"--no-{k}" for k in ("aspp", "sap", "ce")
               if getattr(a, f"no_{k}")]
    without += ["--normalization"] if a.normalization else []
    if without and (a.start_from or a.resume is not None):
        p.error(f"{without[0]}: has no effect with --start-from or --resume, "
                "which bring their network along")


def parse(description: str) -> argparse.Namespace:
    """The options, with `resumed`, the checkpoint to go on from or None;
    `model`, the model file to write or None, and `name`, its name; `out` is the
    checkpoint. ValueError for a checkpoint or a name that can't be used."""
    p = _parser(description)
    a = p.parse_args()
    _check(p, a)
    a.out = a.out or Path("my-nuclei.safetensors")
    if a.out.suffix not in (".safetensors", ".pt"):
        p.error(f"--out {a.out}: a name that ends in .safetensors (model file) "
                "or .pt (checkpoint alone) is expected")
    a.model = a.name = None
    if a.out.suffix == ".safetensors":
        a.model, a.out = a.out, a.out.with_suffix(".pt")
        a.name = limits.name_from(a.model.stem)
        if a.name != a.model.stem:
            print(f"{a.model}: the model's name will be {a.name}",
                  file=sys.stderr)
    try:
        for path in (a.model, a.out):
            tool.check_out("--out", path)
    except ValueError as error:
        p.error(str(error))
    a.resumed = None
    if a.resume is not None:
        path = a.resume if a.resume.name else a.out
        a.resumed = checkpoint.load(path, "model", "ema", "optimizer",
                                    "seconds", "options", "note")
        missing = [k for k in ("input", "output") if k not in
                   a.resumed["note"]]
        if missing:
            print(f"{path}: an older checkpoint, without {', '.join(missing)}: "
                  "those of --start-from or the usual ones are taken",
                  file=sys.stderr)
    complete(a)
    if a.joined and a.batch % 4:
        p.error(f"--joined needs a --batch that is a multiple of 4, not "
                f"{a.batch}")
    if a.images and not a.start_from and not a.resumed:
        # Fine-tuning is what own images are for; this takes days on a CPU.
        print(f"warning: no --start-from: the weights begin at random and are "
              f"trained for {a.steps:,} steps; --start-from nuclei-live "
              f"fine-tunes in {FINE_TUNING['steps']}", file=sys.stderr)
    return a


def kept(state: dict) -> dict:
    """The options of the run that a checkpoint is of."""
    o, note = state["options"], state["note"]
    had = {k: v for k, v in (o | note).items() if k in TRAINING}
    if "seconds" in o:
        had["minutes"] = o["seconds"] / 60
    if "bf16" in o:
        had["f32"] = not o["bf16"]
    # Older checkpoints have the word None for no model, and a share of 0 says
    # that there was no teacher.
    if had.get("start_from") == "None":
        del had["start_from"]
    if not had.get("teacher"):
        had.pop("teacher_share", None)
    return had


def complete(a: argparse.Namespace) -> None:
    """Gives every option a value that has none yet."""
    had = kept(a.resumed) if a.resumed else {}
    new = FINE_TUNING if a.images and a.start_from else {}
    for key, value in (TRAINING | new | had).items():
        if getattr(a, key) is None:
            setattr(a, key, value)
    # Terms that are not named keep what the run had.
    a.loss = losses.WEIGHTS | had.get("loss", {}) | dict(a.loss)


def seconds_until(clock: str) -> float:
    """Seconds from now to the next time that the clock shows HH:MM."""
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", clock):
        raise ValueError(f"--until {clock}: HH:MM is expected, 00:00 to 23:59")
    hour, minute = (int(v) for v in clock.split(":"))
    now = datetime.datetime.now()
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if then <= now:
        then += datetime.timedelta(days=1)
    return (then - now).total_seconds()
