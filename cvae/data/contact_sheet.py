"""A contact sheet: rows of frames with labels, large enough to see single pixels."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from cvae.data.sources import Episode
from cvae.errors import InputError

N_COLUMNS = 10

SIDE = 128  # least side of one frame on the sheet, in pixels

GAP = 6

LABEL_WIDTH = 190

FONT_SIZE = 15

PAPER, INK, FAINT = (250, 250, 248), (30, 30, 34), (120, 120, 126)


def write_contact_sheet(rows: list[tuple[str, Episode]], title: str, path: Path) -> None:
    """Draw one row for each (split, episode), about ten evenly spaced frames each, and save a PNG.

    Raises:
        InputError: the file cannot be written.
    """
    sheet = _render_sheet(rows, title)
    try:
        sheet.save(path, format="PNG")
    except OSError as error:
        raise InputError(f"{path}: the contact sheet cannot be written ({error.strerror})") from error


def _render_sheet(rows: list[tuple[str, Episode]], title: str) -> Image.Image:
    shown = [_times(len(episode.frames)) for _, episode in rows]
    sides = [_zoom(episode) * episode.frames.shape[1] for _, episode in rows]
    top = FONT_SIZE * 2 + GAP
    row_height = FONT_SIZE + 2 * GAP
    width = LABEL_WIDTH + max(len(times) * (side + GAP) for times, side in zip(shown, sides, strict=True)) + GAP
    sheet = Image.new("RGB", (width, top + sum(side + row_height for side in sides)), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_SIZE)
    draw.text((GAP, GAP), title, INK, font)
    for (split, episode), times, side in zip(rows, shown, sides, strict=True):
        draw.text((GAP, top + row_height), split, INK, font)
        _render_name(draw, episode.name, top + row_height + FONT_SIZE + GAP)
        for column, t in enumerate(times):
            x = LABEL_WIDTH + column * (side + GAP)
            draw.text((x, top), f"t={t}", FAINT, font)
            frame = Image.fromarray(episode.frames[t]).resize((side, side), Image.Resampling.NEAREST)
            sheet.paste(frame, (x, top + FONT_SIZE + GAP))
        top += side + row_height
    return sheet


def _render_name(draw: ImageDraw.ImageDraw, name: str, top: int) -> None:
    """The episode's name, broken into lines that fit the label's width."""
    font = ImageFont.load_default(FONT_SIZE - 2)
    line = ""
    for letter in name:
        if draw.textlength(line + letter, font) > LABEL_WIDTH - 3 * GAP:
            draw.text((GAP, top), line, INK, font)
            line, top = "", top + FONT_SIZE + 2
        line += letter
    draw.text((GAP, top), line, INK, font)


def _times(n_frames: int) -> range:
    return range(0, n_frames, max(-(-n_frames // N_COLUMNS), 1))


def _zoom(episode: Episode) -> int:
    side: int = episode.frames.shape[1]
    return max(-(-SIDE // side), 1)
