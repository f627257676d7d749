"""Prediction of one's own pictures."""

from .inferencer import CoSAInferencer
from .loading import FailedPicture
from .pictures import Picture, find_pictures
from .prediction import PicturePrediction
from .writer import PredictionWriter

__all__ = [
    'CoSAInferencer',
    'FailedPicture',
    'Picture',
    'PicturePrediction',
    'PredictionWriter',
    'find_pictures',
]
