from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.launchers import EngineChoice, Share
from sweeps.launchers.engine_choice import choose_engine
from sweeps.launchers.ray import RayOptions
from sweeps.launchers.slurm import SlurmOptions


def test_this_machine_needs_no_word() -> None:
    assert choose_engine("local", None, None, "auto") == EngineChoice()


def test_slurm_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text("partition: gpu\ncpus: 4\n")
    expected = EngineChoice("slurm", SlurmOptions(partition="gpu", cpus=4), Share(4, 1))
    assert choose_engine("slurm", path, None, "auto") == expected


def test_ray_by_an_address_alone() -> None:
    chosen = choose_engine("ray", None, "http://a:8265", "cpu")
    assert chosen == EngineChoice("ray", RayOptions(address="http://a:8265"), Share(2, 0))


@pytest.mark.parametrize(
    ("engine", "file", "ray", "words"),
    [
        ("slum", None, None, "--engine is 'slum'; allowed: local, slurm, ray"),
        ("local", None, "http://a:8265", "--ray belongs to --engine ray"),
        ("local", Path("a.yaml"), None, "--engine-file belongs to another engine than 'local'"),
        ("ray", None, None, "--engine ray needs --ray"),
        ("slurm", Path("/none/a.yaml"), None, "/none/a.yaml"),
    ],
)
def test_what_does_not_fit_is_one_sentence(engine: str, file: Path | None, ray: str | None, words: str) -> None:
    with pytest.raises(InputError) as error:
        choose_engine(engine, file, ray, "auto")
    assert words in str(error.value)
    assert "\n" not in str(error.value)
