"""A source of moving stripes, the mean absolute error, and SVG's networks at half their width, for the trainer.

What they need is imported where it is used: a command that only looks loads none of it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from cvae.extensions import AddedMetric
from cvae.sections import Section

if TYPE_CHECKING:
    from torch import Tensor

    from cvae.config import Config
    from cvae.data.sources import Episode
    from cvae.model import CVAE


class Stripes(Section):
    """Stripes that move up or down by an action each."""

    source: Literal["stripes"] = "stripes"
    n_episodes: Annotated[int, Field(ge=1, description="Episodes in each split.")] = 8
    stride: Annotated[int | None, Field(ge=1, description="Frames between the starts of two clips.")] = None

    @property
    def location(self) -> str:
        """Where the episodes come from, for messages."""
        return "the stripes"

    def splits(self) -> tuple[str, ...]:
        """All three."""
        return ("train", "validate", "test")

    def explain_absence(self, split: str) -> str:
        """Why there is no other split."""
        return f"the stripes have no {split!r} split"

    def episode(self, split: str, index: int, image_size: int) -> "Episode":
        """One episode of 12 frames."""
        from cvae.data.sources import Episode

        random = np.random.default_rng([self.splits().index(split), index])
        actions = random.integers(-3, 4, (12, 1)).astype(np.float32)
        shifts = np.concatenate([[0], np.cumsum(actions[:-1, 0])]).astype(int)
        rows = (np.arange(image_size)[None] + shifts[:, None]) % 8 * 32
        frames = np.broadcast_to(rows[:, :, None, None], (12, image_size, image_size, 3)).astype(np.uint8)
        return Episode(f"{split}-{index}", frames, actions, None)

    def reads(self, split: str, image_size: int) -> "list[Callable[[], Episode]]":
        """What makes each episode."""
        return [partial(self.episode, split, index, image_size) for index in range(self.n_episodes)]

    def episodes(self, split: str, image_size: int) -> "Iterator[Episode]":
        """Every episode."""
        return (read() for read in self.reads(split, image_size))

    def manifest(self) -> None:
        """None: the digest itself is cheap."""

    def digest(self, image_size: int) -> str:
        """Identity of the content."""
        from cvae.data.sources import text_digest

        return text_digest("stripes 1", self.model_dump_json(exclude={"stride"}), str(image_size))


def _mae(predicted: "Tensor", target: "Tensor") -> "Tensor":
    return (predicted.float() - target.float()).abs().mean(dim=(-3, -2, -1)).cpu().double()


mae = AddedMetric(_mae, "minimize", label="mean absolute error")


def narrow(config: "Config", n_conditions: int) -> "CVAE":
    """SVG's networks at half the width that the configuration asks for."""
    from cvae.model import build_model

    model = config.model.model_copy(update={"network": "svg", "width": config.model.width / 2})
    return build_model(config.model_copy(update={"model": model}), n_conditions)
