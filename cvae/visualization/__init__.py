"""From results to pictures: strips, grids, heat maps, as PNG and GIF."""

from cvae.visualization.images import predicted_clips
from cvae.visualization.save import beside, save_animation, save_kl_map, save_pictures, save_sample_pictures

__all__ = ["beside", "predicted_clips", "save_animation", "save_kl_map", "save_pictures", "save_sample_pictures"]
