"""This process's signs of work beside updates.

Whoever watches a run from outside knows a hang by the absence of updates and of other work: a batch evaluated, an
episode packed, a checkpoint written. There is one count a process, because what beats lies deep and who reads it is at
the top.
"""

import itertools

_numbers = itertools.count(1)
_n_beats = 0


def beat() -> None:
    """Show that work goes on which makes no update."""
    global _n_beats
    _n_beats = next(_numbers)


def beats() -> int:
    """Return how often this process has shown that work goes on."""
    return _n_beats
