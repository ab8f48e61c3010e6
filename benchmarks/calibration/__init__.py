"""Do the report's intervals cover, does chance win, are effects found? Simulated studies through its own functions.

python -m benchmarks.calibration            print the tables
python -m benchmarks.calibration --write    and keep them where the report reads them
"""

from benchmarks.calibration.coverage import coverage
from benchmarks.calibration.families import families, power
from benchmarks.calibration.informative_losses import losses
from benchmarks.calibration.looking import looking
from benchmarks.calibration.simulated_seeds import KINDS, N_STUDIES, SIZES
from benchmarks.calibration.strategies import strategies

__all__ = ["KINDS", "N_STUDIES", "SIZES", "coverage", "families", "looking", "losses", "power", "strategies"]
