"""A contact sheet: rows of frames with labels, large enough to see single pixels; and the same in motion."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from cvae.data.sources import Episode
from cvae.errors import InputError

N_COLUMNS = 10

SIDE = 128  # least side of one frame on the sheet, in pixels

GAP = 6

FRAME_MS = 150  # each moment of the moving sheet

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


def write_moving_sheet(rows: list[tuple[str, Episode]], n_frames: int, path: Path) -> None:
    """Draw the first `n_frames` frames of every episode side by side, a split a row, as a GIF that goes round.

    Raises:
        InputError: the file cannot be written.
    """
    by_split: dict[str, list[Episode]] = {}
    for split, episode in rows:
        by_split.setdefault(split, []).append(episode)
    n_shown = min(n_frames, max(len(episode.frames) for _, episode in rows))
    pictures = [_render_moment(by_split, t) for t in range(n_shown)]
    try:
        pictures[0].save(
            path, format="GIF", save_all=True, append_images=pictures[1:], duration=FRAME_MS, loop=0, optimize=False
        )
    except OSError as error:
        raise InputError(f"{path}: the contact sheet cannot be written ({error.strerror})") from error


def _render_moment(by_split: Mapping[str, list[Episode]], t: int) -> Image.Image:
    """One moment of all episodes; an episode that is over stays at its last frame."""
    side = max(_zoom(episode) * episode.frames.shape[1] for episodes in by_split.values() for episode in episodes)
    row_height = FONT_SIZE + 2 * GAP
    n_columns = max(map(len, by_split.values()))
    moment = Image.new("RGB", (n_columns * (side + GAP) + GAP, len(by_split) * (side + row_height) + GAP), PAPER)
    draw = ImageDraw.Draw(moment)
    for row, (split, episodes) in enumerate(by_split.items()):
        top = row * (side + row_height)
        draw.text((GAP, top + GAP), f"{split}, t={t}", INK, ImageFont.load_default(FONT_SIZE))
        for column, episode in enumerate(episodes):
            frame = Image.fromarray(episode.frames[min(t, len(episode.frames) - 1)])
            moment.paste(
                frame.resize((side, side), Image.Resampling.NEAREST), (GAP + column * (side + GAP), top + row_height)
            )
    return moment


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
