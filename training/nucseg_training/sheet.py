# SPDX-License-Identifier: LGPL-2.1-or-later
"""A picture of the images that scored worst: frame, truth, prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from . import data, metrics
from .prepare import InputSpec, apply_polarity, normalise


def outlines(labels: np.ndarray) -> np.ndarray:
    """True where a nucleus has a 4-neighbour of another label."""
    p = np.pad(labels, 1, mode="edge")
    c = p[1:-1, 1:-1]
    differs = np.zeros(c.shape, bool)
    for n in (p[:-2, 1:-1], p[2:, 1:-1], p[1:-1, :-2], p[1:-1, 2:]):
        differs |= n != c
    return differs & (c > 0)


def _enlarged(a: np.ndarray, factor: int) -> np.ndarray:
    return a.repeat(factor, 0).repeat(factor, 1)


def _write(draw: ImageDraw.ImageDraw, x: int, y: int, text: str) -> None:
    """On a ground of its own: frames are dark or bright."""
    draw.rectangle(draw.textbbox((x, y), text), fill=(0, 0, 0))
    draw.text((x, y), text, fill=(255, 255, 0))


def row(root: Path, entry: data.Entry, found: np.ndarray, caption: str,
        side: int = 640) -> Image.Image:
    """The frame, in its colours if it has any; what the network sees of it with the
    truth's outlines (green), and with the prediction's (magenta); small frames
    enlarged, large ones cut at `side`."""
    frame = data.read_frame(root / "images" / f"{entry.id}.png")
    grey, bits = data.grey_of(frame)
    truth = data.read_labels(root / "labels" / f"{entry.id}.png")
    spec = InputSpec()
    x = apply_polarity(normalise(grey, bits, spec), spec)
    factor = max(1, side // max(grey.shape))
    cut = slice(0, side // factor)
    base = _enlarged((np.clip(x, 0, 1) * 255).astype(np.uint8)[cut, cut],
                     factor)
    panels = [_enlarged(frame[cut, cut], factor) if data.has_colours(frame)
              else np.stack([base] * 3, -1)]
    for labels, colour in ((truth, (0, 255, 0)), (found, (255, 0, 255))):
        rgb = np.stack([base] * 3, -1)
        rgb[outlines(_enlarged(labels[cut, cut], factor))] = colour
        panels.append(rgb)
    image = Image.fromarray(np.concatenate(panels, 1))
    draw = ImageDraw.Draw(image)
    _write(draw, 4, image.height - 14, caption)
    for i, heading in enumerate(("frame", "truth", "found")):
        _write(draw, i * base.shape[1] + 4, 2, heading)
    return image


def write(path: Path, root: Path, results: list[tuple[data.Entry, np.ndarray]],
          count: int) -> None:
    """Writes the `count` images with the lowest AP 0.5, worst first. An empty
    field in which nothing was found has no AP, and is as good as any."""
    ranked = []
    for entry, found in results:
        score = metrics.Score()
        score.add(data.read_labels(root / "labels" / f"{entry.id}.png"), found)
        ranked.append((score.figures(), entry, found))
    ranked.sort(key=lambda r: (1 if r[0]["ap0.50"] is None else r[0]["ap0.50"],
                               r[1].id))
    rows = []
    for f, entry, found in ranked[:count]:
        caption = (f"{entry.id[:8]} {entry.kind}  "
                   f"AP.5 {metrics.show(f['ap0.50'], 2)}  "
                   f"nuclei {f['nuclei']:.0f} found {f['found']:.0f}  "
                   f"splits {f['splits']:.0f} merges {f['merges']:.0f}")
        rows.append(row(root, entry, found, caption))
    sheet = Image.new("RGB", (max(r.width for r in rows),
                              sum(r.height for r in rows)))
    y = 0
    for r in rows:
        sheet.paste(r, (0, y))
        y += r.height
    sheet.save(path)
