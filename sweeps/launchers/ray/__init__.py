"""Workers that are jobs of a Ray cluster, by its REST API: nothing of Ray is installed or imported here."""

from sweeps.launchers.ray.ray_launcher import RayLauncher, make_launcher
from sweeps.launchers.ray.ray_options import RayOptions

#: What `--engine-file` may say.
OPTIONS = RayOptions

__all__ = ["OPTIONS", "RayLauncher", "RayOptions", "make_launcher"]
