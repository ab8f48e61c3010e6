"""`python -m cvae.predict`: what follows the frames in a file, as a file. Files and the command, no model."""

from cvae.predict.frames_file import GivenClip, read_given

__all__ = ["GivenClip", "read_given"]
