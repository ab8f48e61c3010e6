"""Motion in the pushing world: one frame interval at a time, in centimetres and frame intervals.

The hidden part, scaled by `slip` and told by no action: the arm misses its commanded displacement a little,
the floor's friction under each thing changes from frame to frame, and a thing that the gripper touches slips
away sideways and spins. At slip 0 all of it is exactly zero.
"""

import math

import numpy as np
import pymunk
from numpy.typing import NDArray

from cvae.data.pushing.scene import BIN_CM, REACH_CM, Scene, Thing

LIFT_CM = (0.0, 5.0, 10.0)  # commanded height of the fingertips for lift 0, 1, 2

OPENING_CM = (2.0, 4.0, 6.0)  # half the distance between the fingers for gripper 0, 1, 2

LIFT_SPEED, OPENING_SPEED = 5.0, 2.0  # cm in one frame interval

TOUCH_CM = 2.5  # fingertips below this height touch the things

FINGER_RADIUS = 1.8

HALO_CM = 0.8  # a thing that bounced off by less than this still counts as touched

N_SUBSTEPS = 8  # the gripper then moves at most 0.8 cm a substep, far less than a thing's radius

FRICTION = 2.2  # deceleration of a sliding thing, cm per interval squared

SPIN_FRICTION = 0.7  # the same for spinning, radians per interval squared

ARM_JITTER_CM = 0.7  # standard deviation per interval and axis at slip 1

HEIGHT_JITTER_CM = 0.2

FRICTION_SPREAD = 0.8  # standard deviation of the logarithm of the friction factor

CONTACT_KICK = 3.0  # cm per interval

CONTACT_SPIN = 0.6  # radians per interval

NOTHING, EVERYTHING = pymunk.ShapeFilter(mask=0), pymunk.ShapeFilter()


class World:
    """A scene in motion. `advance` moves it by one frame interval."""

    def __init__(self, scene: Scene) -> None:
        self.position = np.array(scene.gripper)  # x, y, z
        self.opening = OPENING_CM[scene.opening]
        self._space = pymunk.Space()
        self._gripper = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
        self._gripper.position = scene.gripper[:2]
        self._palm = pymunk.Segment(self._gripper, (-self.opening, 0), (self.opening, 0), FINGER_RADIUS)
        self._halo = pymunk.Segment(self._gripper, (-self.opening, 0), (self.opening, 0), FINGER_RADIUS + HALO_CM)
        self._palm.friction = 0.5
        self._palm.filter = NOTHING
        self._space.add(self._gripper, self._palm)
        self._add_walls()
        self._bodies: list[pymunk.Body] = []
        self._shapes: list[pymunk.Shape] = []
        self._floors: list[tuple[pymunk.PivotJoint, pymunk.GearJoint]] = []
        self._radii = [thing.radius for thing in scene.things]
        for thing in scene.things:
            self._add(thing)

    @property
    def poses(self) -> NDArray[np.float64]:
        """(n_objects, 3): x, y, angle in radians of each thing."""
        return np.array([(*body.position, body.angle) for body in self._bodies]).reshape(-1, 3)

    def _add_walls(self) -> None:
        thick = 30.0  # so thick that a thing squeezed against a wall comes back on the right side
        low, high = -thick, BIN_CM + thick
        corners = ((low, low), (high, low), (high, high), (low, high))
        for k in range(4):
            wall = pymunk.Segment(self._space.static_body, corners[k], corners[k - 1], thick)
            wall.friction, wall.elasticity = 0.4, 0.5
            self._space.add(wall)

    def _add(self, thing: Thing) -> None:
        mass = thing.radius**2 / 25
        body = pymunk.Body(mass, pymunk.moment_for_circle(mass, 0, 0.8 * thing.radius))
        x, y, body.angle = thing.pose
        body.position = x, y
        corners = list(thing.corners)
        shape = pymunk.Poly(body, corners) if corners else pymunk.Circle(body, thing.radius)
        shape.friction, shape.elasticity = 0.5, 0.3
        # Coulomb friction on a floor seen from above: joints to the floor that hold up to a limited force.
        floor = pymunk.PivotJoint(self._space.static_body, body, (0, 0), (0, 0))
        turn = pymunk.GearJoint(self._space.static_body, body, 0, 1)
        floor.max_bias = turn.max_bias = 0
        self._space.add(body, shape, floor, turn)
        self._bodies.append(body)
        self._shapes.append(shape)
        self._floors.append((floor, turn))

    def advance(self, action: NDArray[np.float32], slip: float, noise: NDArray[np.float64]) -> None:
        """Move by one frame interval.

        Args:
            action: (4,): planar displacement in metres (2), lift level, gripper level.
            slip: strength of the hidden part.
            noise: (1 + n_objects, 4) standard normal: the arm's row, then one row for each thing.
        """
        self._move_floor(slip, noise[1:])
        self._set_gripper(action)
        if self._palm.filter.mask:
            self._kick_touched(slip, noise[1:])
        target = self.position[:2] + 100.0 * action[:2].astype(np.float64) + slip * ARM_JITTER_CM * noise[0, :2]
        target = np.clip(target, REACH_CM, BIN_CM - REACH_CM)
        self._gripper.velocity = tuple((target - self.position[:2]).tolist())
        for _ in range(N_SUBSTEPS):
            self._space.step(1 / N_SUBSTEPS)
        self._gripper.position = tuple(target.tolist())
        height = _towards(self.position[2], LIFT_CM[_level(action[2])], LIFT_SPEED)
        self.position = np.array([*target, max(height + slip * HEIGHT_JITTER_CM * noise[0, 2], 0.0)])
        self._keep_inside()

    def _set_gripper(self, action: NDArray[np.float32]) -> None:
        self.opening = _towards(self.opening, OPENING_CM[_level(action[3])], OPENING_SPEED)
        for shape in (self._palm, self._halo):
            shape.unsafe_set_endpoints((-self.opening, 0), (self.opening, 0))
        self._palm.filter = EVERYTHING if self.position[2] < TOUCH_CM else NOTHING

    def _move_floor(self, slip: float, noise: NDArray[np.float64]) -> None:
        for body, (floor, turn), row in zip(self._bodies, self._floors, noise, strict=True):
            factor = math.exp(slip * FRICTION_SPREAD * row[0])
            floor.max_force = FRICTION * body.mass * factor
            turn.max_force = SPIN_FRICTION * body.moment * factor

    def _kick_touched(self, slip: float, noise: NDArray[np.float64]) -> None:
        touched = {contact.shape for contact in self._space.shape_query(self._halo)}
        for body, shape, row in zip(self._bodies, self._shapes, noise, strict=True):
            if shape in touched:
                body.velocity += pymunk.Vec2d(*(slip * CONTACT_KICK * row[1:3]).tolist())
                body.angular_velocity += slip * CONTACT_SPIN * float(row[3])

    def _keep_inside(self) -> None:
        """A thing squeezed between gripper and wall may be pressed into the wall: put it back."""
        for body, radius in zip(self._bodies, self._radii, strict=True):
            low, high = 0.7 * radius, BIN_CM - 0.7 * radius
            body.position = min(max(body.position.x, low), high), min(max(body.position.y, low), high)


def _towards(value: float, target: float, most: float) -> float:
    return value + min(max(target - value, -most), most)


def _level(value: float) -> int:
    return min(max(round(float(value)), 0), 2)
