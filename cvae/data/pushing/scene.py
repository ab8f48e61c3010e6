"""The start of an episode: the gripper and the things in the bin.

Lengths here are centimetres. x points right and y down, as in the picture, from the bin's upper left corner.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

BIN_CM = 60.0  # side of the bin's square floor

REACH_CM = 5.0  # the gripper keeps this far from the walls

RAISED_CM = 10.0

LID_CM = 32.0  # the lid's edge moves between the bin's lower wall and this far above it

KINDS = ("disc", "box", "triangle", "bar", "hexagon")

COLOURS = (
    (214, 48, 49),
    (253, 196, 40),
    (46, 160, 82),
    (40, 98, 205),
    (142, 68, 190),
    (240, 120, 30),
    (30, 176, 190),
    (232, 92, 160),
)


@dataclass(frozen=True)
class Thing:
    """One object: its kind, RGB colour, radius of the circle around it, height, and pose (x, y, radians)."""

    kind: str
    colour: tuple[int, int, int]
    radius: float
    height: float
    pose: tuple[float, float, float]

    @cached_property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """Its outline round its own centre; empty for a disc."""
        match self.kind:
            case "disc":
                return ()
            case "bar":
                long, short = 0.92 * self.radius, 0.40 * self.radius
                return ((-long, -short), (long, -short), (long, short), (-long, short))
            case _:
                return regular({"triangle": 3, "box": 4, "hexagon": 6}[self.kind], self.radius)


def regular(n_corners: int, radius: float) -> tuple[tuple[float, float], ...]:
    """Corners of a regular polygon round the origin."""
    turns = [2 * math.pi * k / n_corners for k in range(n_corners)]
    return tuple((radius * math.cos(turn), radius * math.sin(turn)) for turn in turns)


@dataclass(frozen=True)
class Scene:
    """Everything at the first frame.

    Attributes:
        gripper: its position (x, y, z).
        opening: level of the gripper.
        things: what lies in the bin.
        lid: how far the lid's edge lies above the bin's lower wall; None where there is no lid.
    """

    gripper: tuple[float, float, float]
    opening: int
    things: tuple[Thing, ...]
    lid: float | None = None


def sample_scene(n_objects: int, random: np.random.Generator, has_lid: bool = False) -> Scene:
    """A random scene: things of all kinds and colours, well apart, a raised gripper and, if wanted, a lid."""
    kinds = [KINDS[k] for k in random.permutation(max(n_objects, len(KINDS)))[:n_objects] % len(KINDS)]
    colours = [COLOURS[k] for k in random.permutation(len(COLOURS))[:n_objects]]
    places = _places(n_objects, random)
    looks = zip(kinds, colours, places, strict=True)
    things = tuple(_thing(kind, colour, place, random) for kind, colour, place in looks)
    x, y = random.uniform(REACH_CM, BIN_CM - REACH_CM, size=2)
    scene = Scene((float(x), float(y), RAISED_CM), int(random.integers(3)), things)
    # Drawn last, so that a world with a lid is otherwise the one without.
    return replace(scene, lid=float(random.uniform(0.0, LID_CM))) if has_lid else scene


def _thing(kind: str, colour: tuple[int, int, int], place: tuple[float, float], random: np.random.Generator) -> Thing:
    scale = {"disc": 0.85, "box": 1.0, "triangle": 1.1, "bar": 1.25, "hexagon": 0.9}[kind]
    radius = scale * float(random.uniform(4.6, 6.0))
    return Thing(kind, colour, radius, float(random.uniform(3.0, 5.0)), (*place, float(random.uniform(0, 2 * math.pi))))


def _places(n_objects: int, random: np.random.Generator) -> list[tuple[float, float]]:
    """Best-candidate sampling: each place is the one of 12 random ones that is farthest from all before."""
    places: list[tuple[float, float]] = []
    for _ in range(n_objects):
        candidates = random.uniform(8.0, BIN_CM - 8.0, size=(12, 2)).tolist()
        x, y = max(candidates, key=lambda place: min((math.dist(place, other) for other in places), default=0.0))
        places.append((x, y))
    return places
