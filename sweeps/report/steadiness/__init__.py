"""How steady a verdict is: over training, over seeds, without one of them; which runs lived; and all of it in the words
of a paper. Nothing here decides.
"""

from sweeps.report.steadiness.over_seeds import SeedStep, WithoutSeed, seed_steps, without_each_seed
from sweeps.report.steadiness.over_training import StageVerdict, verdicts_over_training
from sweeps.report.steadiness.paper_paragraph import paper_paragraph
from sweeps.report.steadiness.sentences import steadiness_sentences
from sweeps.report.steadiness.survival import Survival, survivals

__all__ = [
    "SeedStep",
    "StageVerdict",
    "Survival",
    "WithoutSeed",
    "paper_paragraph",
    "seed_steps",
    "steadiness_sentences",
    "survivals",
    "verdicts_over_training",
    "without_each_seed",
]
