"""The packed store against reading the lab layout per item, and what a training waits for its batches."""

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.instruments.table import Row, compare
from cvae.config import build_config, load_yaml_mapping
from cvae.config.presets import over_preset
from cvae.data import write_lab_layout
from cvae.data.sources import Bair, PushingWorld
from cvae.data.store import open_store
from cvae.device import choose_accelerator
from cvae.run import make_trainer

LENGTH, BATCH = 12, 12
QUICKSTART = Path(__file__).parents[1] / "experiments" / "quickstart.yaml"


def read_item(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Read one sequence as a data set class of the course does: frames (T, 3, S, S) in [0, 1], conditions (T, 7)."""
    pictures = [np.array(Image.open(folder / f"{t}.png")) for t in range(LENGTH)]
    frames = torch.stack([torch.from_numpy(picture).permute(2, 0, 1).float() / 255 for picture in pictures])
    columns = [read_numbers(folder / name) for name in ("actions.csv", "endeffector_positions.csv")]
    return frames, torch.from_numpy(np.concatenate(columns, axis=1))


def read_numbers(path: Path) -> NDArray[np.float32]:
    """Read a csv file's first rows."""
    with path.open(newline="") as file:
        rows = [row for row, _ in zip(csv.reader(file), range(LENGTH), strict=False)]
    return np.array(rows, dtype=np.float32)


def reading_rows(folder: Path, n_sequences: int = 128, n: int = 7) -> Iterator[Row]:
    """Yield the row of serving batches of 12 sequences of 12 frames, everything in the page cache on both sides."""
    world = PushingWorld(n_train=n_sequences, n_validate=1, n_test=1, n_frames=LENGTH)
    write_lab_layout(world, folder / "lab", 64)
    source = Bair(root=folder / "lab", n_frames=LENGTH)
    clips = open_store(source, 64, folder / "store").clips("train", LENGTH, use_positions=True)
    sequences = source.locate("train")
    batches = np.random.default_rng(0).integers(n_sequences, size=(10, BATCH))

    def per_item() -> None:
        for batch in batches:
            items = [read_item(sequences[i]) for i in batch]
            for parts in zip(*items, strict=True):
                torch.stack(parts)

    def gathered() -> None:
        for batch in batches:
            for part in clips.gather(batch):
                torch.from_numpy(part)

    yield compare(
        f"{len(batches)} batches of {BATCH} sequences of {LENGTH} frames, 64x64",
        ("PNG and csv per item", per_item),
        ("one gather from the packed store", gathered),
        n,
        "ours leaves frames as uint8: they are scaled where they are used",
    )


def waiting_rows(folder: Path) -> Iterator[Row]:
    """Yield the share of the training time that the quickstart's training waits for its batches."""
    values = over_preset(str(QUICKSTART), load_yaml_mapping(QUICKSTART)["base"], {})
    values |= {"store": str(folder / "quickstart")}
    values["train"] |= {"steps": 40}
    config = build_config(values, str(QUICKSTART))
    store = open_store(config.data, config.image_size, Path(config.store))
    shares = {}
    for name in ("gathered in the loop", "gathered beside it"):
        trainer = make_trainer(config, choose_accelerator(config.runtime), store)
        if name == "gathered in the loop":
            trainer.loader.is_ahead = False
        results = list(trainer.fit())
        shares[name] = float(np.mean([result.training["waiting_share"] for result in results]))
    (before, waited), (after, waiting) = shares.items()
    what = "share of the quickstart's training spent waiting for batches"
    yield Row(what, f"{before}: {100 * waited:.2f}%", f"{after}: {100 * waiting:.2f}%", waited / waiting)


def rows() -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory() as folder:
        yield from reading_rows(Path(folder))
        yield from waiting_rows(Path(folder))
