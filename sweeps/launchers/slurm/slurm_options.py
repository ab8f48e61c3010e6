"""What a user says of a Slurm site."""

import re

from pydantic import Field, field_validator, model_validator

from sweeps.launchers.engine_file import EngineOptions, Lines
from sweeps.launchers.job_record import Share
from sweeps.units import parse_duration

#: What `sbatch` is told of every job by us, so not by the user: a job is found again, and ended, by these.
OURS = {
    *("--parsable", "--job-name", "-J", "--output", "-o", "--error", "-e", "--open-mode", "--export", "--export-file"),
    *("--requeue", "--no-requeue", "--signal", "--wrap", "--array", "-a", "--chdir", "-D", "--wait", "-W"),
    *("--hold", "-H", "--test-only", "--dependency", "-d"),
}

#: Options of `sbatch` that have a key of their own.
KEYS = {
    **{"--partition": "partition", "-p": "partition", "--account": "account", "-A": "account"},
    **{"--qos": "qos", "-q": "qos", "--clusters": "cluster", "--cluster": "cluster", "-M": "cluster"},
    **{"--time": "time_limit", "-t": "time_limit", "--cpus-per-task": "cpus", "-c": "cpus", "--mem": "memory_gb"},
}


class SlurmOptions(EngineOptions):
    """What Slurm is told of a run."""

    partition: str | None = Field(None, description="`sbatch --partition`; null = the site's default")
    account: str | None = Field(None, description="`sbatch --account`")
    qos: str | None = Field(None, description="`sbatch --qos`")
    cluster: str | None = Field(None, description="`--clusters` of every command, where a site has several")
    time_limit: str | None = Field(None, description="as 4h or 90m, of one attempt; null = the partition's")
    shards: int | None = Field(None, ge=1, description="parts of a GPU (`--gres=shard:N`), instead of gpus")
    options: Lines = Field((), description="further options of sbatch, as they are")

    @field_validator("options")
    @classmethod
    def _not_ours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for option in value:
            name = re.match(r"--[\w-]+|-\w|", option)[0]  # type: ignore[index]  # it matches nothing, too
            if not name:
                raise ValueError(f"'{option}' is no option; write each as one text, as --constraint=a100")
            if name in KEYS:
                raise ValueError(f"'{option}' has a key of its own: {KEYS[name]}")
            if name in OURS:
                raise ValueError(f"'{option}' is set by the sweep, which finds its jobs again by it")
        return value

    @field_validator("time_limit")
    @classmethod
    def _a_time(cls, value: str | None) -> str | None:
        try:
            is_long_enough = value is None or parse_duration(value) >= 60
        except ValueError as error:
            raise ValueError("expected a time such as 90m, 8h or 1d12h") from error
        if not is_long_enough:
            raise ValueError("Slurm counts in minutes: expected at least 1m")
        return value

    @model_validator(mode="after")
    def _one_kind_of_gpu(self) -> "SlurmOptions":
        if self.gpus is not None and self.gpus != int(self.gpus):
            raise ValueError(
                f"gpus is {self.gpus}: Slurm gives whole ones; a part of one is `shards`, where a site has it"
            )
        if self.shards is not None and self.gpus:
            raise ValueError("gpus and shards exclude each other")
        return self

    def share(self, device: str) -> Share:
        """Return what one run asks for; shards of a GPU are not counted in it."""
        share = super().share(device)
        return Share(share.cpus, 0.0, share.memory_gb) if self.shards else share
