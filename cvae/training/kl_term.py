"""What the KL costs: the second term of the loss, as `kl_anneal` asks for it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cvae.config import Config
from cvae.device import to_device
from cvae.model import Rollout, free_bits
from cvae.schedules import CapacityKL, ControlledKL, FreeBitsKL, OptimalSigmaKL, values_per_frame


@dataclass(frozen=True)
class Penalty:
    """The KL term of one update."""

    kl: Tensor  # nats a sequence, as it is: no floor, no weight
    weighted: Tensor  # what is added to the error
    beta: float | Tensor  # the weight that was used, for the mean squared error over a frame


def pi_control(excess: Tensor, integral: Tensor, anneal: ControlledKL) -> tuple[Tensor, Tensor]:
    """Return the weight for a KL that is `excess` nats above its target, and the new integral (a weight).

    ControlVAE (Shao et al. 2020, eq. 8-9): beta = kp / (1 + exp(-excess)) + sum of ki * excess + beta_min, kept in
    [beta_min, beta_max]; scalars that stay on their device. Anti-windup: an integral that would push beta further out
    of its range stays as it was. The paper freezes it whenever beta was out of range, from which a gain that is large
    for its error cannot come back.
    """
    grown = integral + anneal.ki * excess
    wanted = anneal.kp * torch.sigmoid(excess) + grown + anneal.beta_min
    is_winding_up = ((wanted > anneal.beta_max) & (excess > 0)) | ((wanted < anneal.beta_min) & (excess < 0))
    return wanted.clamp(anneal.beta_min, anneal.beta_max), torch.where(is_winding_up, integral, grown)


def precise(device: torch.device) -> torch.dtype:
    """Return the most precise numbers of a device: Apple's GPUs have no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


class KLTerm:
    """Weighs the KL of each update; all that it remembers from one to the next is a controller's integral."""

    def __init__(self, config: Config) -> None:
        self.beta = config.beta
        self.anneal = config.kl_anneal
        self.n_values = values_per_frame(config.image_size)
        self.integral = torch.zeros((), dtype=torch.float64)

    def __call__(self, rollout: Rollout, error: Tensor, progress: float) -> Penalty:
        """Return the KL term of an update whose squared error (mean over a frame, summed over steps) is `error`."""
        kl = rollout.kl()
        match self.anneal:
            case FreeBitsKL():
                return Penalty(kl, self.beta * free_bits(rollout.kl_per_dimension(), self.anneal.floor), self.beta)
            case CapacityKL():
                gamma = self.anneal.gamma
                return Penalty(kl, gamma * (kl - self.anneal.capacity(progress)).abs(), gamma)
            case ControlledKL():
                measured = kl.detach().to(precise(kl.device))
                integral = self._integral_beside(measured)
                beta, self.integral = pi_control(measured - self.anneal.target, integral, self.anneal)
                return Penalty(kl, beta.to(kl) * kl, beta)
            case OptimalSigmaKL():
                # With M the mean squared error over T frames and their D values, and sigma^2 = M, the published loss
                # is (T D / 2) log M + KL. Divided by its slope D / (2 M) in `error` = T M it has the gradient of
                # error + (2 M / D) KL: the same descent direction, at the scale that lr and clip are meant for.
                optimal = 2 * error.detach() / (len(rollout.frames) * self.n_values)
                return Penalty(kl, optimal * kl, optimal)
            case anneal:
                weight = self.beta * anneal(progress)
                return Penalty(kl, weight * kl, weight)

    def _integral_beside(self, measured: Tensor) -> Tensor:
        """Return the integral where the KL is measured; it begins on the host."""
        if self.integral.device == measured.device:
            return self.integral
        return to_device(self.integral.to(measured.dtype), measured.device)

    def state(self) -> dict[str, float]:
        """Return what a resumed training needs."""
        return {"integral": self.integral.item()}

    def load_state(self, state: dict[str, float]) -> None:
        """Go on from a state."""
        self.integral = torch.tensor(state["integral"], dtype=torch.float64)
