"""Compiled networks train as plain ones do."""

import copy
import io
import shutil

import pytest
import torch
from mmengine.utils import digit_version
from torch._dynamo.utils import counters

from tests.models.segmentors import steps

WHOLE = [slice(0, 4)]


@pytest.fixture(autouse=True)
def nothing_compiled():
    """Graphs of other tests count against the limit of each function."""
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


def _recipe(compile):
    config = steps.paper_recipe()
    config['network']['compile'] = compile
    return config


@pytest.mark.parametrize(
    'backend',
    [
        'aot_eager',
        pytest.param(
            'inductor',
            marks=pytest.mark.skipif(
                not shutil.which('g++'), reason='needs a C++ compiler'
            ),
        ),
    ],
)
@pytest.mark.slow
def test_both_phases_train_as_without(backend):
    plain = steps.build(_recipe(False))
    expected = list(steps.train(plain, WHOLE))
    model = steps.build(_recipe(dict(backend=backend)))
    logs = list(steps.train(model, WHOLE))
    assert counters['frames']['ok'] >= 2  # online and assignment network
    if digit_version(torch.__version__) >= digit_version('2.9.0'):
        # torch 2.3 breaks at a decorator of mmengine
        assert not counters['graph_break']
    for log, wanted in zip(logs, expected, strict=True):
        assert steps.losses_of(log) == pytest.approx(
            steps.losses_of(wanted), rel=1e-5
        )
    torch.testing.assert_close(
        model.state_dict(), plain.state_dict(), rtol=1e-4, atol=1e-6
    )


def test_both_networks_are_compiled_and_copies_of_them():
    model = steps.build(_recipe(True))
    copied = copy.deepcopy(model)
    for network in (model.online, model.assignment, copied.assignment):
        assert network.backbone._compiled_call_impl is not None
    assert model.online.compiled == {}


def test_a_plain_network_is_not_compiled():
    model = steps.build(_recipe(False))
    for network in (model.online, copy.deepcopy(model.online)):
        assert network.backbone._compiled_call_impl is None


def test_checkpoints_go_from_one_to_the_other():
    plain, compiled = map(steps.build, (_recipe(False), _recipe(True)))
    file = io.BytesIO()
    torch.save(compiled.state_dict(), file)
    file.seek(0)
    plain.load_state_dict(torch.load(file, weights_only=True))
    assert list(plain.state_dict()) == list(compiled.state_dict())
