"""Workers that are Slurm jobs: `sbatch`, one `squeue` for all of them, `scancel`. No library of Slurm's."""

from sweeps.launchers.slurm.slurm_launcher import SlurmLauncher, make_launcher
from sweeps.launchers.slurm.slurm_options import SlurmOptions

#: What `--engine-file` may say.
OPTIONS = SlurmOptions

__all__ = ["OPTIONS", "SlurmLauncher", "SlurmOptions", "make_launcher"]
