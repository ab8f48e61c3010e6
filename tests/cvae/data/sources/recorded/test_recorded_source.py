"""What is the same for every recorded source: splits that are made, and what they do to a store's identity."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cvae.config import build_config
from cvae.data.sources import NpzEpisodes
from cvae.data.store import open_store
from cvae.errors import InputError

WriteNpz = Callable[..., Path]


def made(share: float, **more: object) -> dict[str, object]:
    return {"from": "train", "share": share, **more}


@pytest.fixture
def root(write_npz: WriteNpz) -> Path:
    for name in "abcdefgh":
        path = write_npz(name=name)
    return path.parents[1]


def source(root: Path, **options: object) -> NpzEpisodes:
    return NpzEpisodes.model_validate({"root": str(root), **options})


def test_a_made_split_holds_what_the_train_split_lost(root: Path, tmp_path: Path) -> None:
    npz = source(root, validate=made(0.25), test=made(0.125))
    store = open_store(npz, 16, tmp_path / "cache")
    assert [store.n_episodes(split) for split in ("train", "validate", "test")] == [5, 2, 1]
    names = [episode.name for split in npz.splits() for episode in npz.episodes(split, 16)]
    assert sorted(names) == list("abcdefgh")


def test_the_rule_is_part_of_the_identity_and_none_leaves_no_trace(root: Path) -> None:
    # A store that was packed before the option existed is found again: its identity is written down here.
    rules = [
        {},
        {"validate": made(0.25)},
        {"validate": made(0.25, seed=1)},
        {"test": made(0.25)},
        {"size": {"crop": "centre"}},
    ]
    digests = [source(root, **rule).digest(16) for rule in rules]
    assert len(set(digests)) == len(rules)
    assert source(root).identity("x") != source(root, validate=made(0.25)).identity("x")
    assert source(root).reading() == "episodes n_frames=None"


def test_a_split_of_the_datas_own_is_not_made_again(root: Path, write_npz: WriteNpz) -> None:
    write_npz(split="validate")
    with pytest.raises(InputError, match=r"has a validate split of its own; `data.validate` cannot make another"):
        source(root, validate=made(0.25)).splits()


def test_too_few_sequences_are_refused(write_npz: WriteNpz) -> None:
    root = write_npz().parents[1]
    with pytest.raises(InputError, match=r"1 train sequences are too few to take `data.validate` out of them"):
        source(root, validate=made(0.25)).locate("train")


def test_without_a_train_split_nothing_is_made_of_it(write_npz: WriteNpz) -> None:
    root = write_npz(split="test").parents[1]
    with pytest.raises(InputError, match="there is no train split") as caught:
        source(root, validate=made(0.25)).splits()
    assert "`data.validate` would take its sequences from there" in str(caught.value)


def test_a_split_that_is_absent_says_how_to_make_one(root: Path) -> None:
    said = re.escape("`data.validate: {from: train, share: 0.02}` makes one")
    with pytest.raises(InputError, match=said):
        source(root).locate("validate")


def test_the_option_is_written_as_it_is_read(root: Path) -> None:
    # `from` and `validate` are no names of Python's; a run's config.yaml has them all the same.
    data = {"source": "episodes", "root": str(root), "validate": made(0.25)}
    dumped = build_config({"data": data}, "x").model_dump(mode="json")
    assert dumped["data"]["validate"] == {"from": "train", "share": 0.25, "seed": 0}
    assert not {"made_validate", "size", "test", "keys", "frame_stride"} & set(dumped["data"])
    assert build_config(dumped, "x").data == build_config({"data": data}, "x").data


def test_a_mistake_in_it_is_named_as_it_is_written(root: Path) -> None:
    data = {"source": "episodes", "root": str(root), "validate": made(0.25, sed=1)}
    with pytest.raises(
        InputError, match=re.escape("unknown key 'data.validate.sed'; did you mean 'data.validate.seed'")
    ):
        build_config({"data": data}, "x")
