"""Losses of the online network."""

from .c2s_loss import C2SLoss, fg_bg_cross_entropy
from .contrastive_separation_loss import ContrastiveSeparationLoss
from .dense_energy_loss import DenseEnergyLoss
from .s2c_cross_entropy_loss import S2CCrossEntropyLoss
from .s2c_loss import S2CLoss

__all__ = [
    'C2SLoss',
    'ContrastiveSeparationLoss',
    'DenseEnergyLoss',
    'S2CCrossEntropyLoss',
    'S2CLoss',
    'fg_bg_cross_entropy',
]
