"""One Slurm, and one undisturbed sweep, for all tests: each leaves the cluster as it was."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.engine_sweep import N_RUNS, undisturbed
from tests.engines.slurm_cluster import SlurmCluster, slurm_cluster


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the sweep comes to that nobody disturbs, on this machine."""
    results = undisturbed(tmp_path_factory.mktemp("calm") / "sweep")
    assert len(results) == N_RUNS
    return results
