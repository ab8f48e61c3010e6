from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.launchers import Share
from sweeps.launchers.engine_file import read_engine_options
from sweeps.launchers.ray import RayOptions
from sweeps.launchers.registry import options_of
from sweeps.launchers.slurm import SlurmOptions

MISTAKES = [
    ("slurm", "partiton: gpu", "unknown key 'partiton'"),
    ("slurm", "cpus: many", "cpus is 'many'"),
    ("slurm", "cpus: 0", "cpus is 0"),
    ("slurm", "gpus: 0.5", "Slurm gives whole ones; a part of one is `shards`"),
    ("slurm", "gpus: 1\nshards: 2", "gpus and shards exclude each other"),
    ("slurm", "time_limit: soon", "expected a time such as 90m"),
    ("slurm", "time_limit: 30s", "at least 1m"),
    ("slurm", "memory_gb: 64\nmost_memory_gb: 32", "more than most_memory_gb"),
    ("slurm", "python: bin/python", "a path from / is needed"),
    ("slurm", "options: [--job-name=mine]", "its jobs again by it"),
    ("slurm", "options: ['-p gpu']", "has a key of its own: partition"),
    ("slurm", "options: [gpu]", "is no option"),
    ("slurm", "resources: {a100: 1}", "unknown key 'resources'"),
    ("ray", "address: head:8265", "expected the head's dashboard"),
    ("ray", "cpus: 2", "'address' is required"),
]


@pytest.mark.parametrize(("engine", "text", "words"), MISTAKES)
def test_a_mistake_is_one_sentence_that_names_the_file(tmp_path: Path, engine: str, text: str, words: str) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"^{path}: ") as error:
        read_engine_options(options_of(engine), engine, path, {})
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_line_wins(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text("address: http://a:8265\ngpus: 0.5\n")
    options = read_engine_options(RayOptions, "ray", path, {"address": "http://b:8265/"})
    assert options == RayOptions(address="http://b:8265", gpus=0.5)


def test_without_a_file_there_are_defaults() -> None:
    assert read_engine_options(SlurmOptions, "slurm", None, {}) == SlurmOptions()
    with pytest.raises(InputError, match=r"^--engine ray: 'address' is required"):
        read_engine_options(RayOptions, "ray", None, {"address": None})


@pytest.mark.parametrize(("device", "gpus"), [("auto", 1), ("cuda", 1), ("cpu", 0)])
def test_a_run_asks_for_a_gpu_unless_it_trains_on_the_cpu(device: str, gpus: float) -> None:
    assert SlurmOptions().share(device) == Share(2, gpus)
    assert SlurmOptions(gpus=0).share(device) == Share(2, 0)
    assert SlurmOptions(shards=2).share(device) == Share(2, 0)  # its GPU is a shard
