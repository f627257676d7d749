"""A training step does not make the host wait for a GPU."""

import pytest
import torch
from mmengine.registry import MODELS

from cosa_mmseg.models.ops import (
    gaussian_mixture,
    permutohedral,
    upsampled_logits,
)
from cosa_mmseg.models.pseudo_labels import adaptive_threshold
from tests.models.networks import small_batch
from tests.models.segmentors.steps import paper_recipe, released_recipe
from tests.waits import NoWaits

LABELS = [[0], [1, 2]]


def co_training(recipe):
    model = MODELS.build(recipe).train()
    model.warmup_iters = 0
    return model


def step(model, batch):
    losses = model.loss(**batch)
    sum(v for k, v in losses.items() if k.startswith('loss')).backward()


@pytest.mark.parametrize('recipe', [paper_recipe, released_recipe])
def test_no_value_is_asked_for(recipe, monkeypatch):
    modules = (
        adaptive_threshold,
        gaussian_mixture,
        upsampled_logits,
        permutohedral,
    )
    for module in modules:
        monkeypatch.setattr(module, 'on_host', lambda x: False)
    model = co_training(recipe())
    batch = model.data_preprocessor(small_batch(LABELS), training=True)
    for sample, label in zip(batch['data_samples'], LABELS, strict=True):
        sample.gt_label.label = HostLabel(label)
    with NoWaits():
        step(model, batch)


class HostLabel(list):
    """Labels, which stay on the CPU: to read them costs nothing."""

    def tolist(self):
        return list(self)


@pytest.mark.gpu
@pytest.mark.parametrize('recipe', [paper_recipe, released_recipe])
def test_a_gpu_is_not_waited_for(recipe):
    if not torch.cuda.is_available():
        pytest.skip('needs a CUDA device')
    model = co_training(recipe()).cuda()
    batch = model.data_preprocessor(small_batch(LABELS), training=True)
    step(model, batch)  # libraries wait when they start
    torch.cuda.set_sync_debug_mode('error')
    try:
        step(model, batch)
    finally:
        torch.cuda.set_sync_debug_mode('default')
