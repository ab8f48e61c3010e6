"""One configuration in, one run folder out: the trainer. It knows no studies; a sweep and a report build on it.

As a library: `train` a run, `load_run` one and predict with it (docs/api.md), which alone loads PyTorch.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cvae.api import LoadedRun, load_run, train

__all__ = ["LoadedRun", "load_run", "train"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'cvae' has no attribute {name!r}")
    import cvae.api

    return getattr(cvae.api, name)


class _Library(ModuleType):
    """The package. Its `train` is the function, also once the module of `python -m cvae.train` was imported."""

    @property
    def train(self) -> Any:
        return __getattr__("train")

    @train.setter
    def train(self, module: ModuleType) -> None:
        """Keep the function: the import system sets every module on its package."""


sys.modules[__name__].__class__ = _Library
