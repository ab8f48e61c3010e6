"""The weight of the KL term in its two conventions, and the decoder that it implies."""

from dataclasses import dataclass


def values_per_frame(image_size: int) -> int:
    """Return D = 3 S S, the values of one frame of S x S pixels."""
    return 3 * image_size**2


@dataclass(frozen=True)
class Weight:
    """A weight of the KL term, in nats a sequence, beside the squared error of frames of `image_size` pixels a side."""

    beta: float  # for the squared error's mean over a frame
    image_size: int

    @property
    def beta_sum(self) -> float:
        """The weight for the squared error summed over a frame: beta * D."""
        return self.beta * values_per_frame(self.image_size)

    @property
    def sigma(self) -> float:
        """Standard deviation of the Gaussian decoder that it implies: sqrt(beta_sum / 2), on the [0, 1] scale."""
        return float((self.beta_sum / 2) ** 0.5)
