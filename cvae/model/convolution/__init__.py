"""Convolutions 3x3 in forms that give the same numbers with fewer multiplications than the direct one.

Layers of the networks use them; nothing here knows of frames, codes or skips.
"""

from cvae.model.convolution.enlarging import enlarge, transposed_kernel
from cvae.model.convolution.winograd import Convolution

__all__ = ["Convolution", "enlarge", "transposed_kernel"]
