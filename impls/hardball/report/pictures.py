"""Pictures for documents: PNG with a palette, small enough to be committed."""

import io
from pathlib import Path

import numpy as np

from hardball.core.errors import HardballError
from hardball.report import budgets

# First fewer colours, which thin lines and flat areas hardly show, then fewer pixels.
COLORS = (256, 64)
APART = 10
CANDIDATES = 4096
SHRINK = 0.85
FEWEST_PIXELS = 400


def small_png(path: Path, most: int = budgets.PICTURE) -> bytes:
    """A PNG of at most `most` bytes of the picture in a file, the same bytes each time.

    Raises HardballError where it is too large even at FEWEST_PIXELS across, or is no picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError) as error:
        raise HardballError(f"{path}: not a picture ({error}): draw it again") from None
    whole = Image.new("RGBA", picture.size, "white")
    whole.alpha_composite(picture)
    opaque = whole.convert("RGB")
    palette = _palette(opaque)
    width, height = opaque.size
    scale = 1.0
    while round(width * scale) >= min(width, FEWEST_PIXELS):
        size = (round(width * scale), max(1, round(height * scale)))
        shown = opaque if scale == 1 else opaque.resize(size, Image.Resampling.LANCZOS)
        for colors in COLORS:
            text = _palette_png(shown, palette[:colors])
            if len(text) <= most:
                return text
        scale *= SHRINK
    raise HardballError(
        f"{path}: more than {most:,} bytes even at {FEWEST_PIXELS} pixels: draw less in it"
    )


def _palette(picture) -> list[tuple[int, int, int]]:  # type: ignore[no-untyped-def]
    """Its most frequent colours, each at least APART from those before it in one channel.

    Lines and areas keep their colours and only soft edges lose some; a palette of averages, as
    median cut makes it, takes one hue for another.
    """
    found = picture.getcolors(picture.width * picture.height)
    common = sorted(found, key=lambda pair: (-pair[0], pair[1]))[:CANDIDATES]
    left = np.array([color for _, color in common])
    chosen: list[tuple[int, int, int]] = []
    while len(left) and len(chosen) < COLORS[0]:
        chosen.append(tuple(left[0].tolist()))
        left = left[(abs(left - left[0]) >= APART).any(axis=1)]
    return chosen


def _palette_png(picture, palette: list[tuple[int, int, int]]) -> bytes:  # type: ignore[no-untyped-def]
    from PIL import Image

    flat = [channel for color in palette for channel in color]
    held = Image.new("P", (1, 1))
    held.putpalette(flat + flat[:3] * (COLORS[0] - len(palette)))
    reduced = picture.quantize(palette=held, dither=Image.Dither.NONE)
    written = io.BytesIO()
    reduced.save(written, "PNG", optimize=True)
    return written.getvalue()
