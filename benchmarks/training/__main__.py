"""Make the training steps of one work, as `benchmarks.training.apart` asks for them."""

import sys

from benchmarks.training.apart import answer

answer(sys.argv[1])
