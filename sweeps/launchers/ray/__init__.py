"""Workers that are jobs of a Ray cluster, by its REST API: nothing of Ray is installed or imported here."""

from sweeps.launchers.ray.ray_launcher import RayLauncher, make_launcher

__all__ = ["RayLauncher", "make_launcher"]
