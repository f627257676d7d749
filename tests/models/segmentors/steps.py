"""Steps of CoSA on a tiny ViT, for any split of a step's images."""

from collections.abc import Iterator
from types import SimpleNamespace

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS

from cosa_mmseg.engine.hooks import AssignmentEMAHook
from tests.models.networks import (
    small_assigner,
    small_batch,
    small_model,
    tiny_vit_network,
)

LABELS = [[0], [1, 2], [2], [0, 1]]  # of the images of a step
BOXES = [(0, 32, 0, 32), (8, 32, 0, 20), (0, 12, 0, 32), (0, 32, 4, 32)]
WARMUP, STEPS = 2, 4


def vit_network() -> dict:
    """Config of a ViT of some 7,000 parameters, with LayerNorm only."""
    settings = dict(
        depth=2,
        aux_layer=-2,
        embed=16,
        heads=2,
        mlp_ratio=2,
        img_size=32,
        patch=4,
        qkv_bias=True,
        norm_eps=1e-6,
        head_width=8,
        dilation=2,
    )
    return tiny_vit_network(settings, num_classes=4)


def released_recipe() -> dict:
    """Config of two fixed thresholds; each process counts its own pixels."""
    return small_model(
        network=vit_network(),
        loss_c2s=dict(type='C2SLoss', over_ranks=False),
        loss_energy=dict(type='DenseEnergyLoss', energy_weight=1e-3),
        train_cfg=dict(warmup_iters=WARMUP),
    )


def paper_recipe() -> dict:
    """Config of all three techniques, at sizes of a test."""
    threshold = dict(
        type='DynamicThreshold', num_images=6, grid=(8, 8), decay=0.5
    )
    return dict(
        released_recipe(),
        assigner=small_assigner(
            cam_labeler=dict(type='ThresholdLabeler', threshold=threshold),
            reliability=dict(type='PerplexityWeight'),
        ),
        loss_c2s=dict(type='C2SLoss'),
        loss_csc=dict(type='ContrastiveSeparationLoss', max_perplexity=3.0),
    )


def build(config: dict) -> torch.nn.Module:
    """The same model whenever it is called; its classes tell maps apart."""
    torch.manual_seed(0)
    model = MODELS.build(config)
    with torch.no_grad():
        for network in (model.online, model.assignment):
            network.cam_head.conv_seg.weight.mul_(10)
            network.cam_head_aux.conv_seg.weight.mul_(10)
    return model.train()


def step_images(step: int, images: slice) -> dict:
    """Some of the four images of a step, as a collated batch."""
    batch = small_batch(LABELS * STEPS)
    chosen = slice(4 * step + images.start, 4 * step + images.stop)
    samples = batch['data_samples'][chosen]
    for sample, box in zip(samples, BOXES[images], strict=True):
        sample.set_metainfo(dict(valid_box=box))
    views = {name: imgs[chosen] for name, imgs in batch['inputs'].items()}
    return dict(inputs=views, data_samples=samples)


def train(model: torch.nn.Module, batches: list[slice]) -> Iterator[dict]:
    """Optimiser steps, each on batches whose gradients are accumulated.

    Args:
        model (nn.Module): CoSA, perhaps wrapped for distributed training.
        batches (list[slice]): Which of a step's images are in each batch.

    Yields:
        dict: Mean of what the batches of a step logged, floats.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    wrapper = OptimWrapper(
        torch.optim.AdamW(trained, lr=1e-3, eps=1e-4),
        accumulative_counts=len(batches),
    )
    wrapper.initialize_count_status(model, 0, STEPS * len(batches))
    hook = AssignmentEMAHook(momentum=0.3)
    runner = SimpleNamespace(
        model=model, optim_wrapper=wrapper, max_iters=STEPS
    )
    for step in range(STEPS):
        runner.iter = step
        hook.before_train_iter(runner, step)
        logs = [
            model.train_step(step_images(step, images), wrapper)
            for images in batches
        ]
        hook.after_train_iter(runner, step)
        yield mean_log(
            [{name: log[name].item() for name in log} for log in logs]
        )


def mean_log(logs: list[dict]) -> dict:
    """Mean of what batches or processes logged."""
    return {
        name: sum(log[name] for log in logs) / len(logs) for name in logs[0]
    }


def losses_of(log: dict) -> dict:
    """The losses among what was logged."""
    return {name: log[name] for name in log if name.startswith('loss')}
