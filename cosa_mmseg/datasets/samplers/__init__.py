"""Which image is trained with when."""

from .draw import Draw, random_numbers_of
from .resumable_sampler import ResumableSampler

__all__ = ['Draw', 'ResumableSampler', 'random_numbers_of']
