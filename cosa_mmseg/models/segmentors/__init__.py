"""Flow: the networks and how they train each other."""

from .cam_encoder_decoder import CAMEncoderDecoder
from .cosa import CoSA
from .dual_stream import DualStreamSegmentor

__all__ = ['CAMEncoderDecoder', 'CoSA', 'DualStreamSegmentor']
