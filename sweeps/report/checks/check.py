"""One line of the checklist."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One line of the checklist: what should be true, whether it is, and the number it rests on."""

    title: str
    level: Level
    detail: str
