"""Build and check the optimiser and its schedules."""

import copy
import difflib
import inspect
from typing import Any

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper, OptimWrapperDict, build_optim_wrapper
from mmengine.registry import (
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
)
from torch import nn

from cosa_mmseg.utils.config_errors import (
    ConfigError,
    join,
    naming_the_key,
)

from .settings import (
    refuse_unknown,
    registered,
)

# what mmengine's constructor, and this project's, read
_CONSTRUCTORS = {
    'DefaultOptimWrapperConstructor',
    'GroupedOptimWrapperConstructor',
}
_CLIPS: dict[str, Any] = {
    'norm': nn.utils.clip_grad_norm_,
    'value': nn.utils.clip_grad_value_,
}
_PARAMWISE = {
    'bias_decay_mult',
    'bias_lr_mult',
    'bypass_duplicate',
    'custom_keys',
    'dcn_offset_lr_mult',
    'dwconv_decay_mult',
    'flat_decay_mult',
    'norm_decay_mult',
}


def build_optimization(
    cfg: Config, model: nn.Module
) -> OptimWrapper | OptimWrapperDict:
    """Build what moves the parameters, to see that it can be."""
    settings = cfg.optim_wrapper
    _check_settings(settings, model)
    with naming_the_key(settings, 'optim_wrapper'):
        wrapper = build_optim_wrapper(model, copy.deepcopy(settings))
    if not isinstance(wrapper, OptimWrapper):  # several, by their names
        return wrapper
    schedules: Any = cfg.get('param_scheduler') or []
    length: dict = cfg.train_cfg
    end = length.get('max_iters') or length.get('max_epochs') or 10**9
    with naming_the_key(schedules, 'param_scheduler'):
        if isinstance(schedules, dict):
            schedules = [schedules]
        for schedule in schedules:
            PARAM_SCHEDULERS.build(
                {'end': end, **schedule},
                default_args=dict(optimizer=wrapper, epoch_length=1000),
            )
    return wrapper


def _check_settings(settings: dict, model: nn.Module) -> None:
    """Check what mmengine does not, or only with words of its own."""
    path = 'optim_wrapper'
    constructor = (
        settings.get('constructor') or 'DefaultOptimWrapperConstructor'
    )
    registered(OPTIM_WRAPPER_CONSTRUCTORS, constructor, f'{path}.constructor')
    _try_to_clip(settings.get('clip_grad'), f'{path}.clip_grad')
    optimizer = settings.get('optimizer') or {}
    if 'type' in optimizer:
        registered(OPTIMIZERS, optimizer['type'], f'{path}.optimizer.type')
    if constructor in _CONSTRUCTORS and settings.get('paramwise_cfg'):
        path += '.paramwise_cfg'
        refuse_unknown(settings['paramwise_cfg'], _PARAMWISE, path)
        _check_custom_keys(settings, f'{path}.custom_keys', model)


def _check_custom_keys(settings: dict, path: str, model: nn.Module) -> None:
    """Check settings of some parameters, of which mmengine takes any."""
    names = [name for name, _ in model.named_parameters()]
    words = {word for name in names for word in name.split('.')}
    known = {'lr_mult', 'decay_mult', *settings.get('optimizer', ())}
    for key, own in settings['paramwise_cfg'].get('custom_keys', {}).items():
        close = difflib.get_close_matches(key, words, cutoff=0.85)
        if close and not any(key in name for name in names):
            raise ConfigError(
                f'{path}.{key} is in the name of no parameter; did you mean '
                f'{close[0]}?'
            )
        refuse_unknown(own, known, join(path, key))


def _try_to_clip(settings: dict | None, path: str) -> None:
    """Clip a gradient of zeros, which is otherwise done at the first step."""
    if settings is None:
        return
    kind = settings.get('type', 'norm')
    if kind not in _CLIPS:
        raise ConfigError(
            f"{path}.type must be 'norm' or 'value', got {kind!r}"
        )
    clip = _CLIPS[kind]
    known = [*inspect.signature(clip).parameters][1:]
    refuse_unknown(settings, {'type', *known}, path, clip.__name__)
    parameter = nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    with naming_the_key(settings, path):
        clip([parameter], **{k: settings[k] for k in settings if k != 'type'})
