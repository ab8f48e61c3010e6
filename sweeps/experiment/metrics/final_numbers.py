"""The numbers of a final evaluation that an experiment may name: how they are said, which way is good, which decide."""

from typing import Literal, NamedTuple

from cvae.extensions import added

Direction = Literal["maximize", "minimize", "none"]

#: When a number is measured: at every evaluation; at every one with `evaluation.energy_samples`; at a run's end; at its
#: end where it is evaluated in full.
Measured = Literal["always", "samples", "end", "full"]


class FinalNumber(NamedTuple):
    """A number that final evaluations of confirm runs may hold; `direction` is None where it has none of its own."""

    label: str  # as it is said in a sentence
    unit: str
    direction: Direction | None
    decides: Measured | None = None  # when it is measured, where it may decide


#: Name without its split -> what it is (docs/evaluation.md). To report another number of the final evaluation, add it.
FINAL_NUMBERS: dict[str, FinalNumber] = {
    "psnr": FinalNumber("one-sample PSNR", "dB", "maximize", "always"),
    "ssim": FinalNumber("SSIM", "", "maximize", "end"),
    "mse": FinalNumber("MSE", "", "minimize", "end"),
    "lpips": FinalNumber("LPIPS", "", "minimize"),
    "fvd": FinalNumber("FVD", "", "minimize"),
    "energy": FinalNumber("raw energy score", "", "minimize", "samples"),
    "energy_db": FinalNumber("energy score", "dB", "maximize", "samples"),
    "copy_last_energy_db": FinalNumber("energy score of copy-last-frame", "dB", "maximize"),
    "crps": FinalNumber("CRPS", "", "minimize", "samples"),
    "best_of_n_psnr": FinalNumber("best-of-n PSNR", "dB", "maximize", "full"),
    "worst_of_n_psnr": FinalNumber("worst-of-n PSNR", "dB", "maximize"),
    "mean_of_n_psnr": FinalNumber("mean-of-n PSNR", "dB", "maximize", "full"),
    "psnr_of_mean_of_n": FinalNumber("PSNR of the mean of n", "dB", "maximize", "full"),
    "posterior_psnr": FinalNumber("posterior PSNR", "dB", "maximize"),
    "distortion": FinalNumber("distortion", "", "minimize"),
    "zero_psnr": FinalNumber("PSNR with z = 0", "dB", None),
    "posterior_zero_gap": FinalNumber("gap from posterior to z = 0", "dB", None, "full"),
    "shuffled_actions_psnr": FinalNumber("PSNR with shuffled actions", "dB", None),
    "shuffled_positions_psnr": FinalNumber("PSNR with shuffled positions", "dB", None),
    "zeroed_actions_psnr": FinalNumber("PSNR with zeroed actions", "dB", None),
    "zeroed_positions_psnr": FinalNumber("PSNR with zeroed positions", "dB", None),
    "kl": FinalNumber("posterior KL", "nats", None),
    "active_units": FinalNumber("active units", "", None),
    "mutual_information": FinalNumber("mutual information", "nats", None),
    "mse_between_samples": FinalNumber("MSE between samples", "", None),
}

FINAL_NUMBERS |= {
    name: FinalNumber(metric.label or name, metric.unit, metric.direction, "end")
    for name, metric in added("cvae.metrics").objects.items()
    if name not in FINAL_NUMBERS
}
