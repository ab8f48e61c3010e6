"""One Slurm for all tests of a module: it is up in a second, and each test leaves it as it was."""

import os
from collections.abc import Iterator

import pytest

from tests.engines.slurm_cluster import SlurmCluster, slurm_cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    with slurm_cluster(tmp_path_factory.mktemp("slurm") / "cluster") as cluster:
        yield cluster


@pytest.fixture
def slurm(cluster: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmCluster]:
    """The cluster, with nobody's jobs, found by this process's `sbatch`."""
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    yield cluster
    cluster.mend()
    cluster.forget_jobs()
    assert "SLURM_CONF" in os.environ
