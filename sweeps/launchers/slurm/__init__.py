"""Workers that are Slurm jobs: `sbatch`, one `squeue` for all of them, `scancel`. No library of Slurm's."""

from sweeps.launchers.slurm.slurm_launcher import SlurmLauncher, make_launcher

__all__ = ["SlurmLauncher", "make_launcher"]
