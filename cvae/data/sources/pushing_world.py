"""The pushing world as a source of episodes: simulated on demand, the same bytes every time."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Literal

import numpy as np
import PIL
from pydantic import Field, field_validator

from cvae.data.pushing import (
    COLOURS,
    MAX_GATE,
    HiddenNoise,
    Pusher,
    Trajectory,
    render_frames,
    sample_scene,
    simulate,
)
from cvae.data.sources.digests import text_digest
from cvae.data.sources.episode import Episode
from cvae.data.sources.split_folders import SPLITS
from cvae.errors import InputError
from cvae.sections import Section

GENERATOR_VERSION = 1  # raise it when a change of the world's code changes a byte of any episode


class PushingWorld(Section):
    """A simulated robot arm pushes coloured things in a bin; nothing needs to be downloaded.

    Actions have 4 columns, each held for two frames: commanded planar displacement per frame in metres (x
    right, y down), lift level (0 lowered: touches the things; 1, 2 raised by 5 and 10 cm) and gripper level (0
    closed, 1 half, 2 open). Positions are the gripper's x, y, z in metres. `action[t]` drives
    `position[t + 1] - position[t]`. Hidden are a part of all motion (`slip`) and a lid over the bin (`gate`).
    """

    source: Literal["pushing"] = "pushing"
    seed: Annotated[int, Field(ge=0, description="Which world; every episode depends on it.")] = 0
    n_train: Annotated[int, Field(ge=0, description="Episodes in the train split.")] = 200
    n_validate: Annotated[int, Field(ge=0, description="Episodes in the validate split.")] = 32
    n_test: Annotated[int, Field(ge=0, description="Episodes in the test split.")] = 32
    n_frames: Annotated[int, Field(ge=12, le=1000, description="Frames in each episode.")] = 30
    n_objects: Annotated[int, Field(ge=1, le=len(COLOURS), description="Things in the bin.")] = 5
    slip: Annotated[
        float,
        Field(ge=0, le=3, description="Strength of the hidden motion that the actions do not tell; 0: none."),
    ] = 1.0
    gate: Annotated[
        float,
        Field(
            ge=0,
            le=MAX_GATE,
            # A world without a lid is written, and so found again in a store, as before there were lids.
            exclude_if=lambda gate: gate == 0,
            description="Centimetres a frame, 1 to 16, by which a lid slides up or down by a hidden coin; 0: no lid.",
        ),
    ] = 0.0
    stride: Annotated[
        int | None,
        Field(ge=1, description="Frames between the starts of two clips of an episode; null: one, from frame 0."),
    ] = None

    @field_validator("gate")
    @classmethod
    def _can_be_seen(cls, gate: float) -> float:
        if 0 < gate < 1:
            raise ValueError("must be 0 or at least 1, about a pixel of 64")
        return gate

    @property
    def location(self) -> str:
        """Where the episodes come from, for messages."""
        return "the pushing world"

    def n_episodes(self, split: str) -> int:
        """Number of episodes in a split."""
        return {"train": self.n_train, "validate": self.n_validate, "test": self.n_test}[split]

    def splits(self) -> tuple[str, ...]:
        """The splits that have at least one episode, in the order train, validate, test."""
        return tuple(split for split in SPLITS if self.n_episodes(split))

    def explain_absence(self, split: str) -> str:
        """Why a split has no episodes, in one sentence."""
        if split in SPLITS:
            return f"the pushing world has no {split} split because `data.n_{split}` is 0; set it to 1 or more"
        return f"the pushing world has no {split!r} split; it has {', '.join(self.splits())}"

    def trajectory(self, split: str, index: int) -> Trajectory:
        """One episode before it is drawn: a function of (options, split, index) alone."""
        scene_random, policy_random, hidden_random = self._streams(split, index)
        scene = sample_scene(self.n_objects, scene_random, has_lid=self.gate > 0)
        noise = HiddenNoise.draw(hidden_random, self.n_frames, self.n_objects)
        return simulate(scene, self.n_frames, self.slip, noise, Pusher(policy_random), self.gate)

    def redraw(self, split: str, index: int, n_frames: int, n_given: int, n_futures: int) -> list[Trajectory]:
        """Other futures of an episode: its own first `n_given` frames and actions, then other hidden noise.

        Each of the `n_futures` has `n_frames` frames and is a function of its number and the episode.
        """
        first = self.trajectory(split, index)
        *_, hidden_random = self._streams(split, index)
        own = HiddenNoise.draw(hidden_random, self.n_frames, self.n_objects)
        futures = []
        for random in self._streams(split, index, n_futures)[3:]:
            noise = own.followed_by(HiddenNoise.draw(random, self.n_frames, self.n_objects), n_given - 1)
            futures.append(simulate(first.scene, n_frames, self.slip, noise, lambda t, _: first.actions[t], self.gate))
        return futures

    def _streams(self, split: str, index: int, n_more: int = 0) -> list[np.random.Generator]:
        """Independent generators for an episode's scene, policy and hidden noise, and more for other noise."""
        key = np.random.SeedSequence([self.seed, SPLITS.index(split), index])
        return [np.random.default_rng(child) for child in key.spawn(3 + n_more)]

    def episode(self, split: str, index: int, image_size: int) -> Episode:
        """One drawn episode, named by its index."""
        trajectory = self.trajectory(split, index)
        frames = render_frames(trajectory, image_size)
        return Episode(str(index), frames, trajectory.actions, trajectory.positions)

    def reads(self, split: str, image_size: int) -> list[Callable[[], Episode]]:
        """What draws each episode of a split; InputError where the split has none."""
        if split not in self.splits():
            raise InputError(self.explain_absence(split))
        return [partial(self.episode, split, index, image_size) for index in range(self.n_episodes(split))]

    def episodes(self, split: str, image_size: int) -> Iterator[Episode]:
        """Every episode of a split; InputError where the split has none."""
        for read in self.reads(split, image_size):
            yield read()

    def manifest(self) -> None:
        """None: the digest itself is cheap."""
        return

    def digest(self, image_size: int) -> str:
        """Identity of the content: every option that shapes an episode, and the versions that make it."""
        options = self.model_dump_json(exclude={"stride"})
        import pymunk  # here, so that a configuration is read without it

        versions = f"generator {GENERATOR_VERSION}, pymunk {pymunk.version}, pillow {PIL.__version__}"
        return text_digest(options, versions, str(image_size))
