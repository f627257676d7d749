"""What a benchmark changes in a config."""

import os
from collections.abc import Iterator

import torch
from mmengine.config import Config
from mmengine.device import get_device

from cosa_mmseg.utils.precision import AUTO, choose_precision

AMP = {
    'off': dict(type='OptimWrapper'),
    'bf16': dict(type='BFloat16OptimWrapper'),
    'fp16': dict(
        type='AmpOptimWrapper', dtype='float16', loss_scale='dynamic'
    ),
}


def check_counts(**counts: int | None) -> None:
    """Raise unless numbers are at least 1 (or None).

    Raises:
        ValueError: With the name of the first one that is not.
    """
    for name, count in counts.items():
        if count is not None and count < 1:
            option = f'--{name.replace("_", "-")}'
            raise ValueError(f'{option} must be at least 1, got {count}')


def check_amp(amp: str) -> None:
    """Raise if this machine can not compute in that precision.

    Raises:
        ValueError: fp16 without a GPU.
    """
    if amp == 'fp16' and not torch.cuda.is_available():
        raise ValueError(
            '--amp fp16 needs a GPU, and there is none; bf16 also runs on a '
            'CPU'
        )


def amp_of_wrapper(wrapper: dict) -> str:
    """Precision of an optimiser wrapper: ``'off'``, ``'bf16'``, ``'fp16'``.

    Where the wrapper leaves it open, that which is faster here.

    Raises:
        ValueError: If it is not a wrapper of which this is known.
    """
    if wrapper['type'] == AUTO:
        chosen, _ = choose_precision(get_device())
        return 'bf16' if chosen == 'bfloat16' else 'off'
    for amp, settings in AMP.items():
        if wrapper['type'] == settings['type']:
            is_bf16 = amp == 'fp16' and wrapper.get('dtype') == 'bfloat16'
            return 'bf16' if is_bf16 else amp
    known = ', '.join([AUTO, *(known['type'] for known in AMP.values())])
    raise ValueError(
        f'optim_wrapper.type={wrapper["type"]} is not known to the '
        f'benchmark: {known}'
    )


def set_amp(wrapper: dict, amp: str) -> None:
    """Give an optimiser wrapper a precision.

    Raises:
        ValueError: If it is not one of those in :data:`AMP`.
    """
    check_amp(amp)
    if wrapper['type'] != AUTO and amp_of_wrapper(wrapper) == amp:
        return
    for key in ('dtype', 'loss_scale', 'use_fsdp'):
        wrapper.pop(key, None)
    wrapper.update(AMP[amp])


def set_num_classes(cfg: Config, num_classes: int | None) -> int:
    """Give all heads a number of classes, with the background.

    Args:
        cfg: The config; it is changed.
        num_classes: K; None leaves it as it is.

    Returns:
        K of the config.
    """
    if num_classes is not None:
        if num_classes < 2:
            raise ValueError(
                '--num-classes counts the background and must be at least 2, '
                f'got {num_classes}'
            )
        cfg.model.network.num_classes = num_classes
    return cfg.model.network.num_classes


def set_crop(cfg: Config, crop: int | None) -> tuple[int, int]:
    """Give the training views a size.

    Args:
        cfg: The config; it is changed.
        crop: Side of a square; None leaves it as it is.

    Returns:
        Height and width of the views.

    Raises:
        ValueError: If the training pipeline does not crop.
    """
    crops = list(_dicts_with(cfg.train_dataloader, 'crop_size'))
    if not crops:
        raise ValueError(
            'no step of train_dataloader.dataset.pipeline has a crop_size: '
            'the size of the views is not known'
        )
    for settings in crops:
        settings['crop_size'] = (crop, crop) if crop else settings['crop_size']
    height, width = crops[-1]['crop_size']
    return height, width


def use_synthetic_images(dataloader: dict, batch_size: int, **dataset) -> dict:
    """A data loader of :class:`SyntheticImages` in the place of another.

    Args:
        dataloader: Config of the other one, for its ``sampler``.
        batch_size: Images per batch.
        **dataset: Arguments of :class:`SyntheticImages`.
    """
    return dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=dict(dataloader['sampler'], shuffle=False),
        dataset=dict(type='SyntheticImages', **dataset),
    )


def drop_missing_weights(cfg: Config) -> list[str]:
    """Have a backbone start at random if its pretrained weights are no file.

    Args:
        cfg: The config; it is changed.

    Returns:
        Notes: one, if so.
    """
    backbone = cfg.model.network.backbone
    for settings in _dicts_with(backbone.get('init_cfg'), 'checkpoint'):
        if not os.path.isfile(settings['checkpoint']):
            backbone.init_cfg = None
            return [
                f'random weights: {settings["checkpoint"]} is not a file here'
            ]
    return []


def check_model(cfg: Config) -> None:
    """Raise unless the model is one of two networks.

    Raises:
        ValueError: With the type of the model.
    """
    if 'network' not in cfg.model or 'assigner' not in cfg.model:
        raise ValueError(
            f'model.type={cfg.model.type}: the benchmark knows the parts of '
            'CoSA only'
        )


def _dicts_with(node, key: str) -> Iterator[dict]:
    """All dicts below a node of a config, itself included, with a key."""
    if isinstance(node, dict):
        if key in node:
            yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _dicts_with(child, key)
