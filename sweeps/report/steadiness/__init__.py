"""How steady a verdict is: over training, over seeds, without one of them; what one run of each arm would have
shown; which runs lived; and all of it in the words of a paper. Nothing here decides.
"""

from sweeps.report.steadiness.one_run_each import OneRunEach, one_run_each, one_run_sentences
from sweeps.report.steadiness.over_blocks import BlockStep, WithoutBlock, block_steps, without_each_block
from sweeps.report.steadiness.over_training import StageVerdict, verdicts_over_training
from sweeps.report.steadiness.paper_paragraph import paper_paragraph
from sweeps.report.steadiness.sentences import steadiness_sentences
from sweeps.report.steadiness.survival import Survival, survivals

__all__ = [
    "BlockStep",
    "OneRunEach",
    "StageVerdict",
    "Survival",
    "WithoutBlock",
    "block_steps",
    "one_run_each",
    "one_run_sentences",
    "paper_paragraph",
    "steadiness_sentences",
    "survivals",
    "verdicts_over_training",
    "without_each_block",
]
