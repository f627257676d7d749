"""The smallest model and data that a runner can train."""

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from torch import nn
from torch.utils.data import Dataset

CONFIG = """
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(save_best='mean', rule='less'))
_base_ = '{base}'
custom_imports = dict(imports=['cosa_mmseg', 'tests.cli.toy'])
model = dict(type='ToyModel')
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dict(type='ToyDataset'),
    sampler=dict(type='InfiniteSampler', shuffle=True))
val_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dict(type='ToyDataset'),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
val_evaluator = [dict(type='ToyMetric')]
test_evaluator = val_evaluator
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=0.01))
param_scheduler = [dict(type='PolyLR', by_epoch=False, end=10)]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=4, val_interval=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
"""


@DATASETS.register_module()
class ToyDataset(Dataset):
    """Eight fixed random vectors of 3 numbers."""

    def __init__(self, classes=('background', 'cat')):
        self.metainfo = {'classes': tuple(classes)}

    def __len__(self):
        return 8

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        return {'inputs': torch.randn(3, generator=generator)}


@MODELS.register_module()
class ToyModel(BaseModel):
    """One linear layer, trained towards an output of 1."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, inputs, mode):
        out = self.layer(torch.stack(list(inputs)))
        return {'loss': (out - 1).pow(2).mean()} if mode == 'loss' else out


@METRICS.register_module()
class ToyMetric(BaseMetric):
    """The mean output, in the type of ``mmseg.IoUMetric``'s scores."""

    def process(self, data_batch, data_samples):
        self.results += [float(sample) for sample in data_samples]

    def compute_metrics(self, results):
        return {'mean': np.float32(sum(results) / len(results))}
