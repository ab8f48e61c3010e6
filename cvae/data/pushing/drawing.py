"""Frames of the pushing world: seen from above at a slant, so that height shifts things up in the picture.

Everything is drawn four times as large as asked for and area-averaged down, which smooths all edges.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvae.data.pushing.scene import BIN_CM, Thing
from cvae.data.pushing.trajectory import Trajectory

SUPERSAMPLING = 4

RIM_CM = 4.0  # the bin's walls in the picture

SLANT = 0.35  # picture shift per height

SHADE = (0.35, 0.25)  # a shadow's shift to the right and down per height

FLOOR, FLOOR_EDGE = (205, 196, 178), (176, 166, 148)

RIM, RIM_INSIDE, RIM_OUTLINE = (139, 108, 76), (108, 82, 56), (92, 70, 48)

SHADOW = (40, 34, 28)

ARM, ARM_LIGHT, ARM_DARK = (74, 80, 92), (112, 120, 134), (46, 50, 58)

JOINT, FINGER = (236, 118, 36), (32, 33, 38)

PALM, PALM_EDGE = (236, 238, 242), (150, 154, 164)

LID, LID_EDGE = (34, 110, 120), (240, 244, 250)

LID_EDGE_CM = 2.2

SHOULDER = (BIN_CM / 2, -22.0)

LINK_CM = 46.0

ARM_HEIGHT = 11.0  # of the forearm above the fingertips

Point = tuple[float, float]

Colour = tuple[int, int, int]


class Canvas:
    """A picture in the world's centimetres; `height` lifts a point towards the top of the picture."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image)
        self._scale = image.width / (BIN_CM + 2 * RIM_CM)

    def at(self, point: Point, height: float = 0.0) -> Point:
        """Pixel coordinates of a point above the floor."""
        return (point[0] + RIM_CM) * self._scale, (point[1] + RIM_CM - SLANT * height) * self._scale

    def polygon(self, points: list[Point], height: float, colour: Colour | int) -> None:
        """Fill a polygon."""
        self._draw.polygon([self.at(point, height) for point in points], fill=colour)

    def disc(self, centre: Point, radius: float, height: float, colour: Colour | int) -> None:
        """Fill a disc."""
        x, y = self.at(centre, height)
        r = radius * self._scale
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def line(self, a: Point, b: Point, heights: Point, width: float, colour: Colour | int) -> None:
        """Draw a thick line with round ends between two points above the floor."""
        self._draw.line((self.at(a, heights[0]), self.at(b, heights[1])), fill=colour, width=round(width * self._scale))
        for end, height in ((a, heights[0]), (b, heights[1])):
            self.disc(end, width / 2, height, colour)


def render_frames(trajectory: Trajectory, image_size: int) -> NDArray[np.uint8]:
    """(T, image_size, image_size, 3) uint8 pictures of a trajectory."""
    frames = np.empty((len(trajectory.gripper), image_size, image_size, 3), dtype=np.uint8)
    for t in range(len(frames)):
        frames[t] = _render_frame(trajectory, t, image_size)
    return frames


def _render_frame(trajectory: Trajectory, t: int, image_size: int) -> NDArray[np.uint8]:
    canvas = Canvas(_empty_bin(image_size * SUPERSAMPLING).copy())
    things = trajectory.scene.things
    poses = trajectory.poses[t].tolist()
    for thing, pose in zip(things, poses, strict=True):
        _render_thing_shadow(canvas, thing, pose)
    for k in sorted(range(len(things)), key=lambda k: poses[k][1]):  # nearer ones cover farther ones
        _render_thing(canvas, things[k], poses[k])
    if trajectory.lid is not None:
        _render_lid(canvas, float(trajectory.lid[t]))
    x, y, z = trajectory.gripper[t].tolist()
    opening = float(trajectory.opening[t])
    _render_arm_shadow(canvas, (x, y), z, opening)
    _render_gripper(canvas, (x, y), z, opening)
    _render_arm(canvas, (x, y), z)
    return np.asarray(canvas.image.reduce(SUPERSAMPLING))


@lru_cache(maxsize=4)
def _empty_bin(side: int) -> Image.Image:
    """The bin without anything in it; copied for every frame."""
    canvas = Canvas(Image.new("RGB", (side, side), RIM))
    outer = RIM_CM * 0.9
    for grow, colour in ((outer, RIM), (0.7, RIM_OUTLINE), (0.0, FLOOR_EDGE), (-1.2, FLOOR)):
        low, high = -grow, BIN_CM + grow
        canvas.polygon([(low, low), (high, low), (high, high), (low, high)], 0.0, colour)
    canvas.polygon([(0, 0), (BIN_CM, 0), (BIN_CM, 2.4), (0, 2.4)], 0.0, RIM_INSIDE)  # the far wall's inside
    return canvas.image


def _outline(thing: Thing, pose: list[float]) -> list[Point]:
    x, y, angle = pose
    cos, sin = math.cos(angle), math.sin(angle)
    return [(x + cos * a - sin * b, y + sin * a + cos * b) for a, b in thing.corners]


def _darker(colour: Colour, factor: float) -> Colour:
    return (int(colour[0] * factor), int(colour[1] * factor), int(colour[2] * factor))


def _layers(canvas: Canvas, thing: Thing, pose: list[float], *layers: tuple[float, Colour]) -> None:
    """Draw a thing's outline at each of the heights, in that height's colour."""
    outline = _outline(thing, pose)
    for height, colour in layers:
        if outline:
            canvas.polygon(outline, height, colour)
        else:
            canvas.disc((pose[0], pose[1]), thing.radius, height, colour)


def _render_thing_shadow(canvas: Canvas, thing: Thing, pose: list[float]) -> None:
    moved = [pose[0] + SHADE[0] * thing.height, pose[1] + SHADE[1] * thing.height, pose[2]]
    _layers(canvas, thing, moved, (0.0, _darker(FLOOR, 0.72)))


def _render_thing(canvas: Canvas, thing: Thing, pose: list[float]) -> None:
    side = _darker(thing.colour, 0.6)
    sides = [(share * thing.height, side) for share in (0.0, 0.33, 0.67)]
    _layers(canvas, thing, pose, *sides, (thing.height, thing.colour))


def _render_lid(canvas: Canvas, above_wall: float) -> None:
    """A sheet over the things, from its light edge down to the lower end of the picture."""
    top = BIN_CM - above_wall
    for bottom, colour in ((BIN_CM + RIM_CM, LID), (top + LID_EDGE_CM, LID_EDGE)):
        canvas.polygon([(0.0, top), (BIN_CM, top), (BIN_CM, bottom), (0.0, bottom)], 0.0, colour)


def _render_gripper(canvas: Canvas, at: Point, z: float, opening: float) -> None:
    left, right = (at[0] - opening, at[1]), (at[0] + opening, at[1])
    for finger in (left, right):
        canvas.line(finger, finger, (z, z + 6.0), 3.6, FINGER)
    canvas.line(left, right, (z + 6.0, z + 6.0), 4.0, PALM_EDGE)
    canvas.line(left, right, (z + 7.0, z + 7.0), 3.0, PALM)


def _elbow(wrist: Point) -> Point:
    """Where the elbow of two equal links is, on the side away from the middle of the picture."""
    dx, dy = wrist[0] - SHOULDER[0], wrist[1] - SHOULDER[1]
    distance = min(math.hypot(dx, dy), 2 * LINK_CM * 0.999)
    out = math.sqrt(LINK_CM**2 - (distance / 2) ** 2)
    return SHOULDER[0] + dx / 2 + out * dy / distance, SHOULDER[1] + dy / 2 - out * dx / distance


def _render_arm(canvas: Canvas, wrist: Point, z: float) -> None:
    elbow, height = _elbow(wrist), z + ARM_HEIGHT
    for width, colour in ((6.4, ARM_DARK), (5.0, ARM)):
        canvas.line(SHOULDER, elbow, (24.0, 24.0), width + 1.0, colour)
        canvas.line(elbow, wrist, (24.0, height), width, colour)
    canvas.line(elbow, wrist, (25.0, height + 1.0), 1.2, ARM_LIGHT)
    canvas.disc(elbow, 4.0, 24.0, JOINT)
    canvas.disc(wrist, 2.4, height, JOINT)


def _render_arm_shadow(canvas: Canvas, wrist: Point, z: float, opening: float) -> None:
    """One soft shape on the floor: the higher the gripper, the farther from it and the fainter."""
    mask = Image.new("L", canvas.image.size, 0)
    shadow = Canvas(mask)
    strength = int(110 - 5 * z)

    def cast(point: Point, height: float) -> Point:
        return point[0] + SHADE[0] * height, point[1] + SHADE[1] * height

    left, right = (wrist[0] - opening, wrist[1]), (wrist[0] + opening, wrist[1])
    shadow.line(cast(left, z), cast(right, z), (0.0, 0.0), 3.4 + 0.2 * z, strength)
    shadow.line(cast(_elbow(wrist), 24.0), cast(wrist, z + ARM_HEIGHT), (0.0, 0.0), 6.0, 60)
    canvas.image.paste(SHADOW, (0, 0), mask)
