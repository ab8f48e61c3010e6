"""What the keys of other trainers' runs mean: arm, phase and seed of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from cvae.errors import InputError
from sweeps.experiment import Phase, format_run_name, parse_run_name
from sweeps.tracking.offline_runs import LoggedRun
from sweeps.wandb_import.logged_runs import looked_up

_OF_THE_RUN = ("group", "job_type", "name")

#: The command that takes a mapping.
DOOR = "python -m sweeps.wandb_import SOURCE"


@dataclass(frozen=True)
class KeyMapping:
    """What the keys of runs of other trainers mean; runs that this project mirrored say it themselves.

    `metric` is the history's key that is compared, `final` the summary's key of a score on fresh clips (None: it is
    `final/test/<metric>` where every run has it, else the metric's last value). `arm_key` is a dotted key of the
    config, or one of group, job_type and name; `seed_key` one of the config; `step_key` one of the history.

    Raises:
        InputError: the direction is none, or the margin is not above 0.
    """

    metric: str = "val/psnr"
    final: str | None = None
    direction: str = "maximize"
    margin: float | None = None
    arm_key: str = "arm"
    seed_key: str = "seed"
    step_key: str = "_step"

    def __post_init__(self) -> None:
        """Refuse what no experiment may declare."""
        if self.direction not in ("maximize", "minimize"):
            raise InputError(f"--direction is {self.direction!r}; it is maximize or minimize")
        if self.margin is not None and not self.margin > 0:
            raise InputError(f"--margin is {self.margin}; it is a number above 0")

    @property
    def short(self) -> str:
        """The metric without its section."""
        return self.metric.rpartition("/")[2]


@dataclass(frozen=True)
class AssignedRun:
    """A run with its place in the experiment."""

    logged: LoggedRun
    arm: str
    phase: Phase
    number: int
    seed: int

    @property
    def name(self) -> str:
        """The run folder's name."""
        return format_run_name(self.phase, self.number, self.seed)


def assign(runs: Sequence[LoggedRun], mapping: KeyMapping) -> list[AssignedRun]:
    """Return each run's arm, phase, number and seed.

    Raises:
        InputError: a run lacks its arm or a whole-numbered seed, or two runs claim one place.
    """
    assigned: dict[tuple[str, str], AssignedRun] = {}
    n_trials: dict[str, int] = {}
    for run in runs:
        arm, seed = _arm(run, mapping), _seed(run, mapping)
        named = parse_run_name(run.name.rpartition(" ")[2])
        phase: Phase = named[0] if named else "tune" if run.job_type == "tune" else "confirm"
        number = named[1] if named else n_trials.get(arm, 0) if phase == "tune" else 0
        n_trials[arm] = n_trials.get(arm, 0) + (phase == "tune")
        this = AssignedRun(run, arm, phase, number, seed)
        other = assigned.setdefault((arm, this.name), this)
        if other is not this:
            raise InputError(
                f"wandb runs {other.logged.id} and {run.id} both are {arm}, {this.name}: arm and seed must tell runs "
                f"apart; name other keys ({DOOR} --arm-key KEY --seed-key KEY), or delete one of the runs"
            )
    return list(assigned.values())


def _arm(run: LoggedRun, mapping: KeyMapping) -> str:
    of_run = {key: getattr(run, key) for key in _OF_THE_RUN}
    arm = of_run[mapping.arm_key] if mapping.arm_key in of_run else looked_up(run.config, mapping.arm_key)
    if arm is None or arm == "":
        raise InputError(_missing(run, "--arm-key", mapping.arm_key) + f"; also possible: {', '.join(_OF_THE_RUN)}")
    return str(arm)


def _seed(run: LoggedRun, mapping: KeyMapping) -> int:
    seed = looked_up(run.config, mapping.seed_key)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise InputError(_missing(run, "--seed-key", mapping.seed_key))
    return seed


def _missing(run: LoggedRun, option: str, key: str) -> str:
    known = ", ".join(sorted(name for name in run.config if name != "_wandb")) or "nothing"
    return (
        f"wandb run {run.id}: its config has no {key!r} (or no usable one); "
        f"name a key with {DOOR} {option}, it has: {known}"
    )
