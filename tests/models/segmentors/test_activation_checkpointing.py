"""mmengine's ``activation_checkpointing`` on the online network."""

import pytest
import torch
from mmengine.runner.activation_checkpointing import (
    turn_on_activation_checkpointing,
)

from tests.models.segmentors import steps


@pytest.mark.filterwarnings('ignore:.*use_reentrant')  # mmengine leaves it
def test_checkpointed_blocks_train_as_plain_ones():
    def train(model):
        calls = []
        block = model.online.backbone.layers[0]
        block.ln1.register_forward_hook(lambda *_: calls.append(1))
        return list(steps.train(model, [slice(0, 4)])), len(calls)

    plain = steps.build(steps.paper_recipe())
    expected, calls = train(plain)
    model = steps.build(steps.paper_recipe())
    turn_on_activation_checkpointing(
        model, [f'online.backbone.layers.{i}' for i in range(2)]
    )
    logs, calls_again = train(model)
    assert calls_again == 2 * calls  # forward, and once more in backward
    for log, wanted in zip(logs, expected, strict=True):
        assert steps.losses_of(log) == pytest.approx(
            steps.losses_of(wanted), rel=1e-5
        )
    for name, parameter in model.online.named_parameters():
        other = plain.online.get_parameter(name)
        torch.testing.assert_close(parameter, other, rtol=1e-4, atol=1e-6)
        if parameter.requires_grad:
            torch.testing.assert_close(
                parameter.grad, other.grad, rtol=1e-4, atol=1e-6
            )
