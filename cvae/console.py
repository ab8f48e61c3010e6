"""How text reaches a terminal or a note: what users wrote is text, never markup, never a command, never cut."""

import html
import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

#: What a terminal obeys, a renderer stumbles over or a reader cannot see: controls, lone surrogates, separators of
#: lines, and marks that turn the order of what follows round.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)

#: Columns of a table where there is no terminal to fit it into.
UNLIMITED = 10_000


def printable(text: str) -> str:
    """Return a text of one line that can be printed: what cannot be is escaped as Python does, `\\x1b` for escape."""
    return _UNPRINTABLE.sub(lambda match: repr(match[0])[1:-1], text)


def printable_lines(text: str) -> str:
    """Return a text of several lines that can be printed."""
    return "\n".join(printable(line) for line in text.split("\n"))


def markdown_text(value: object) -> str:
    """Return text that Markdown shows as it is: no markup, no HTML, no new table cell."""
    flat = printable(" ".join(str(value).split()))
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", html.escape(flat, quote=False))


def echo_line(line: str, file: TextIO | None = None) -> None:
    """Print a line at once, on the standard output if no file is given."""
    print(printable(line), file=file, flush=True)


def echo_lines(lines: Iterable[str]) -> None:
    """Print some lines at once."""
    for line in lines:
        echo_line(line)


def accept_any_text() -> None:
    """Let both streams of this process escape what their encoding does not have, where they would raise."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


class TextConsole(Console):
    """A console that prints text as it is: no markup, no emoji codes, and controls escaped."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return the segments of something, before they are measured and laid out."""
        for text, style, control in super().render(renderable, options):
            is_plain = control is None and text != "\n"
            yield Segment(printable_lines(text) if is_plain else text, style, control)


def new_console(*, stderr: bool = False, soft_wrap: bool = False) -> TextConsole:
    """Return a console on a standard stream; where that is no terminal, a table is as wide as it needs to be."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else UNLIMITED
    return TextConsole(stderr=stderr, soft_wrap=soft_wrap, width=width, markup=False, emoji=False, highlight=False)
