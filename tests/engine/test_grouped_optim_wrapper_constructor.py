import logging

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS
from mmengine.utils import digit_version

from tests.models.networks import small_model

PARAMWISE = dict(
    custom_keys=dict(cam_head=dict(lr_mult=10), decode_head=dict(lr_mult=10))
)


def built(model, constructor='GroupedOptimWrapperConstructor', **optimizer):
    return build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            constructor=constructor,
            optimizer=dict(
                {'type': 'AdamW', 'lr': 1e-3, 'weight_decay': 0.1, **optimizer}
            ),
            paramwise_cfg=PARAMWISE,
        ),
    ).optimizer


def settings_by_parameter(optimizer):
    return {
        id(parameter): (group['lr'], group['weight_decay'])
        for group in optimizer.param_groups
        for parameter in group['params']
    }


@pytest.fixture
def model():
    return MODELS.build(small_model())


def test_one_group_for_each_setting(model):
    optimizer = built(model)
    rates = [group['lr'] for group in optimizer.param_groups]
    assert rates == [1e-3, 1e-2]  # the backbone's first: it is logged
    default = built(model, 'DefaultOptimWrapperConstructor')
    assert len(default.param_groups) > 2
    assert settings_by_parameter(optimizer) == settings_by_parameter(default)


def test_the_assignment_network_is_left_out_without_a_word(model, caplog):
    with caplog.at_level(logging.WARNING):
        built(model)
    assert 'assignment' not in caplog.text


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.4.0'),
    reason='fused AdamW on a CPU needs torch 2.4',
)
def test_fused_on_a_cpu_unless_the_config_says_otherwise(model):
    assert built(model).defaults['fused']
    assert not built(model, fused=False).defaults['fused']
    assert not built(model, foreach=True).defaults['fused']
    sgd = build_optim_wrapper(
        model,
        dict(
            constructor='GroupedOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=0.1),
        ),
    )
    assert not sgd.optimizer.defaults.get('fused')


def test_steps_are_those_of_the_default(model):
    state = {k: v.clone() for k, v in model.state_dict().items()}
    results = []
    for constructor in (
        'GroupedOptimWrapperConstructor',
        'DefaultOptimWrapperConstructor',
    ):
        model.load_state_dict(state)
        optimizer = built(model, constructor)
        for i in range(3):
            for j, parameter in enumerate(model.online.parameters()):
                torch.manual_seed(100 * i + j)
                parameter.grad = torch.randn_like(parameter)
            optimizer.step()
        results.append([p.clone() for p in model.online.parameters()])
    torch.testing.assert_close(*results, rtol=0, atol=1e-6)
