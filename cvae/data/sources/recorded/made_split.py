"""Splits made where the data has none: sequences taken out of its train split by a seeded rule."""

import hashlib
from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field

from cvae.sections import Section


class MadeSplit(Section):
    """A split that is taken out of the train split, where the data has none of its own."""

    model_config = ConfigDict(serialize_by_alias=True)

    origin: Literal["train"] = Field(alias="from", description="split that sequences are taken out of")
    share: float = Field(gt=0, lt=1, description="share of its sequences that is taken, at least one")
    seed: int = Field(0, ge=0, description="which of them: those whose digest of (split, seed, position) is lowest")

    def describe(self, split: str) -> str:
        """Return the rule as `inspect` says it and the identity of the content holds it."""
        return f"{split} from {self.origin}, share {self.share!r}, seed {self.seed}"


def divide(n_all: int, made: Mapping[str, MadeSplit]) -> dict[str, list[int]]:
    """Return the positions, of `n_all` sequences of the train split, of `train` and of each split made of it.

    A split takes the round(share * n_all), at least one, whose blake2b digest of `SPLIT SEED POSITION` is lowest among
    those that are left. A split is empty where nothing is left for it.
    """
    left, parts = set(range(n_all)), {}
    for split, rule in made.items():
        taken = sorted(left, key=lambda i: _rank(split, rule.seed, i))[: max(1, round(rule.share * n_all))]
        parts[split] = sorted(taken)
        left.difference_update(taken)
    return {"train": sorted(left)} | parts


def _rank(split: str, seed: int, position: int) -> bytes:
    return hashlib.blake2b(f"{split} {seed} {position}".encode(), digest_size=16).digest()
