"""The checklist: what could make the verdict mean less than it says, each check with its number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cvae.data.collapse import FAR_ABOVE
from sweeps.report.boundary import at_a_boundary
from sweeps.report.clips import clip_names
from sweeps.report.compare import COLLAPSED_KL
from sweeps.report.results import ArmResult, PairResult
from sweeps.report.runs import LOST, Experiment
from sweeps.report.wording import interval_words, number

Level = Literal["pass", "warn", "fail"]

#: The smallest two-sided sign-flip p is 2 / 2^n: 0.0625 at 5 pairs, 0.03 at 6.
MIN_PAIRS = 6


@dataclass(frozen=True)
class Guard:
    """One line of the checklist."""

    title: str
    level: Level
    detail: str


def check(experiment: Experiment, arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[Guard]:
    """Return the whole checklist, always in the same order; what was not recorded cannot be checked."""
    return [
        posterior_is_alive(arms),
        *beta_lets_latents_live(experiment, arms),
        copy_last_is_beaten(experiment, arms),
        enough_pairs(pairs, arms),
        runs_are_complete(experiment),
        nothing_was_lost(experiment),
        arms_are_equal(experiment),
        differences_vary(pairs),
        conditions_are_the_same(experiment),
        at_a_boundary_guard(experiment, arms),
    ]


def is_void(arms: Sequence[ArmResult]) -> bool:
    """Return whether the KL of every arm that has one is below the threshold of a collapsed posterior."""
    known = [arm.kl for arm in arms if arm.kl is not None]
    return bool(known) and max(known) < COLLAPSED_KL


def posterior_is_alive(arms: Sequence[ArmResult]) -> Guard:
    """Fail where every arm's posterior has collapsed, warn where some runs' have."""
    title = "The posterior is alive"
    if not any(arm.n_kl for arm in arms):
        return Guard(title, "warn", "no confirm run recorded a KL")
    each = "; ".join(f"{arm.name} {number(arm.kl, 3)} nats, {arm.n_collapsed} of {arm.n_kl} runs" for arm in arms)
    detail = f"KL at the end, and runs below {COLLAPSED_KL} nats per sequence: {each}"
    if is_void(arms):
        return Guard(
            title, "fail", f"the posterior has collapsed: deterministic predictors are being compared. {detail}"
        )
    return Guard(title, "warn" if any(arm.n_collapsed for arm in arms) else "pass", detail)


def beta_lets_latents_live(experiment: Experiment, arms: Sequence[ArmResult]) -> list[Guard]:
    """Warn where a chosen top weight is far above the data's threshold; nothing where no threshold was recorded."""
    parts, worst = [], 0.0
    for arm in arms:
        beta_c = experiment.beta_c.get(arm.name)
        for weight in {run.weight() for run in arm.chosen} - {None}:
            if beta_c:
                worst = max(worst, (weight or 0.0) / beta_c)
                parts.append(f"{arm.name} {weight:.2g} against {beta_c:.2g}")
    if not parts:
        return []
    detail = f"top weight of the KL term against the bound above which no latent lives: {'; '.join(parts)}"
    return [Guard("Beta lets latents live", "warn" if worst > FAR_ABOVE else "pass", detail)]


def copy_last_is_beaten(experiment: Experiment, arms: Sequence[ArmResult]) -> Guard:
    """Fail where an arm is no better than repeating the last frame, warn where that is uncertain."""
    title, unit = "Every arm beats copy-last-frame", experiment.plan.metric.unit
    known = [arm for arm in arms if arm.gain.mean is not None]
    if not known:
        return Guard(title, "warn", "no confirm run recorded the copy-last-frame score")
    each = "; ".join(
        f"{arm.name} {number(arm.gain.mean, 2, True)} {unit} ({interval_words(arm.gain.interval)})" for arm in known
    )
    means = [arm.gain.mean or 0.0 for arm in known]
    sure = len(known) == len(arms) and all(arm.gain.interval and arm.gain.interval[0] > 0 for arm in known)
    return Guard(title, "fail" if min(means) <= 0 else "pass" if sure else "warn", f"gain: {each}")


def enough_pairs(pairs: Sequence[PairResult], arms: Sequence[ArmResult]) -> Guard:
    """Warn where an exact test could not reach p < 0.05 whatever the data."""
    n = min((pair.test.n for pair in pairs), default=min((arm.confirmed.n for arm in arms), default=0))
    rule = f"at least {MIN_PAIRS} pairs are needed before an exact sign-flip test could reach p < 0.05; here n = {n}"
    return Guard("Enough seeds", "pass" if n >= MIN_PAIRS else "warn", rule)


def runs_are_complete(experiment: Experiment) -> Guard:
    """Warn where fewer confirm runs have finished than were planned."""
    planned = experiment.plan.n_configs * experiment.plan.n_seeds
    done = {arm: sum(run.is_finished for run in experiment.of(arm, "confirm")) for arm in experiment.plan.arms}
    each = "; ".join(f"{arm} {n} of {planned}" for arm, n in done.items())
    complete = all(n >= planned for n in done.values())
    return Guard("The sweep is finished", "pass" if complete else "warn", f"finished confirm runs: {each}")


def nothing_was_lost(experiment: Experiment) -> Guard:
    """Fail where confirm runs failed or diverged, warn where only tune runs did or pairs left."""
    title = "No run was lost"
    lost = [
        run for run in experiment.runs if run.status in LOST and (run.phase == "confirm" or run.status != "stopped")
    ]
    strangers = f"; folders of unknown arms: {', '.join(experiment.strangers)}" if experiment.strangers else ""
    if not lost:
        return Guard(title, "warn" if strangers else "pass", f"0 runs failed or diverged{strangers}")
    counts = Counter((run.arm, run.phase, run.status) for run in lost)
    each = "; ".join(f"{arm} {phase}: {n} {status}" for (arm, phase, status), n in counts.items())
    in_confirm = any(run.phase == "confirm" for run in lost)
    return Guard(title, "fail" if in_confirm else "warn", f"{each}{strangers}; their pairs leave together")


def arms_are_equal(experiment: Experiment) -> Guard:
    """Warn where arms had unequal numbers of scored runs: the best of more looks better."""
    parts, equal = [], True
    for phase in ("tune", "confirm"):
        scored = [
            sum(experiment.score(run) is not None for run in experiment.of(arm, phase)) for arm in experiment.plan.arms
        ]
        equal = equal and len(set(scored)) == 1
        parts.append(f"{phase} " + " / ".join(map(str, scored)))
    detail = f"runs with a score in the arms' order: {', '.join(parts)}"
    return Guard("The arms had equal chances", "pass" if equal else "warn", detail)


def differences_vary(pairs: Sequence[PairResult]) -> Guard:
    """Warn where the seed changes nothing, so that its runs are no independent evidence."""
    constant = [f"{pair.a} and {pair.b}" for pair in pairs if pair.test.is_constant]
    detail = f"the difference is the same at every seed: {'; '.join(constant)}" if constant else "the differences vary"
    return Guard("The seed matters", "warn" if constant else "pass", detail)


def conditions_are_the_same(experiment: Experiment) -> Guard:
    """Warn where confirm runs differ in data, code, device or precision, or ran with uncommitted changes."""
    runs = [run for run in experiment.runs if run.phase == "confirm" and run.is_finished]
    mixed = []
    for key in ("data_fingerprint", "git_commit", "device", "precision", "versions"):
        found = {_text(run.state.get(key)) for run in runs}
        if len(found) > 1:
            mixed.append(f"{len(found)} different values of {key}")
    if len({run.final("n_clips") for run in runs}) > 1:
        mixed.append("different numbers of clips")
    if len({names for run in runs if (names := clip_names(run)) is not None}) > 1:
        mixed.append("different clips")
    if any(run.state.get("git_dirty") for run in runs):
        mixed.append("uncommitted changes in the code")
    detail = "; ".join(mixed) or "the same clips, data fingerprint, commit, device, precision and versions"
    return Guard("Every confirm run ran alike", "warn" if mixed else "pass", detail)


def _text(value: Any) -> str:
    return repr(sorted(value.items())) if isinstance(value, dict) else repr(value)


def at_a_boundary_guard(experiment: Experiment, arms: Sequence[ArmResult]) -> Guard:
    """Warn where a chosen parameter lies at the edge of its range: the best may lie beyond."""
    edges = [f"{arm.name} {edge}" for arm in arms for run in arm.chosen for edge in at_a_boundary(experiment.plan, run)]
    detail = "; ".join(edges) or "every chosen parameter lies inside its range"
    return Guard("The search space was wide enough", "warn" if edges else "pass", detail)
