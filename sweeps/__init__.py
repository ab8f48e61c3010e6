"""Studies over trainings: what is compared, where it runs, how it stands, what came out.

Optuna and wandb live here only. As a library: `run` an experiment, `analyse` one (docs/api.md).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweeps.api import ReadAnalysis, analyse, run

__all__ = ["ReadAnalysis", "analyse", "run"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sweeps' has no attribute {name!r}")
    import sweeps.api

    return getattr(sweeps.api, name)
