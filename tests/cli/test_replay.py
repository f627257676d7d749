"""``cosa replay`` on runs that stopped."""

import dataclasses
import math
import os
import pickle
import random

import pytest
import torch
from mmengine.config import Config

from cosa_mmseg.config.check import build_model
from cosa_mmseg.engine.hooks import NonFiniteLossError
from cosa_mmseg.engine.replay import StepDump
from cosa_mmseg.engine.replay.step_replay import replay
from tests.engine.replay.runs import (
    DUMP,
    broken_config,
    train,
)

from .calls import cosa


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """The work dir of a run that stopped, with its config."""
    folder = tmp_path_factory.mktemp('broken')
    cfg = broken_config(folder)
    with pytest.raises(NonFiniteLossError):
        train(cfg)
    cfg.dump(folder / 'config.py')
    return folder


@pytest.fixture(scope='module')
def path(folder):
    return folder / DUMP


@pytest.fixture(scope='module')
def config(folder):
    return folder / 'config.py'


@pytest.fixture(scope='module')
def dump(path):
    return StepDump.load(path)


def saved(dump, tmp_path, **changes):
    """Path of a dump with some attributes changed."""
    path = tmp_path / 'changed.dump'
    dataclasses.replace(dump, **changes).save(path)
    return str(path)


def with_loss(config, tmp_path, **loss):
    """Path of a config with another loss_c2s."""
    cfg = Config.fromfile(config)
    cfg.model.loss_c2s = loss
    cfg.dump(tmp_path / 'changed.py')
    return tmp_path / 'changed.py'


def error_of(capsys, *args):
    """The last line of a refusal."""
    with pytest.raises(SystemExit) as caught:
        cosa('replay', *args)
    assert caught.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_every_loss_comes_out_the_same(dump, config):
    model = build_model(Config.fromfile(config))
    torch.rand(3)  # the random numbers are the run's
    result = replay(dump, model, torch.device('cpu'))
    assert result.terms == dump.terms
    assert result.terms['loss_c2s'] == -math.inf
    assert result.terms['loss_csc'] > 0
    assert not result.is_finite and not result.state


def test_the_module_and_the_line_are_named(config, path, capsys):
    assert cosa('replay', config, path, '--device=cpu') == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'iteration 4, float32, on 6.jpg, 7.jpg'
    (row,) = (line for line in lines if line.startswith('loss_c2s'))
    assert row.split() == ['loss_c2s', '-inf', '-inf']
    assert 'begins in: losses.loss_c2s (BreakingLoss)' in lines
    (line,) = (line for line in lines if line.startswith('there: '))
    assert line.startswith('there: aten.log.default at ')
    assert line.endswith('return loss + (0 * output.seg_logits.sum()).log()')


def test_what_was_broken_before_the_step_is_said(
    config, dump, tmp_path, capsys
):
    name = 'online.decode_head.conv_seg.weight'
    state = {**dump.state, name: dump.state[name] * torch.nan}
    path = saved(dump, tmp_path, state=state)
    assert cosa('replay', config, path) == 1
    assert f'not finite before the step: {name}' in capsys.readouterr().out


def test_a_step_that_is_mended_is_finite(config, dump, tmp_path, capsys):
    path = saved(dump, tmp_path, iteration=2)  # at which it does not break
    assert cosa('replay', config, path) == 0
    assert 'all losses and gradients are finite here' in (
        capsys.readouterr().out
    )


def test_a_gradient_that_is_not_finite_is_found(
    config, path, tmp_path, capsys
):
    config = with_loss(config, tmp_path, type='BreakingGradient')
    assert cosa('replay', config, path) == 1
    *_, line = capsys.readouterr().out.splitlines()
    assert line.startswith('gradient: ') and 'returned nan values' in line
    assert line.endswith('return loss + (0 * output.seg_logits.sum()).sqrt()')


def test_half_precision_is_that_of_the_run(config, dump, tmp_path, capsys):
    path = saved(dump, tmp_path, dtype='bfloat16')
    cosa('replay', config, path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('iteration 4, bfloat16, on')
    (row,) = (line for line in lines if line.startswith('loss_csc'))
    name, was, here = row.split()
    assert was != here


class Harm:
    def __reduce__(self):
        return os.mkdir, ('harm',)


def test_nothing_of_a_strange_file_is_executed(
    config, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'code.dump').write_bytes(pickle.dumps(Harm()))
    assert 'code.dump is no dump' in error_of(capsys, config, 'code.dump')
    torch.save(dict(magic=Harm()), 'code.dump')
    assert 'code.dump is no dump' in error_of(capsys, config, 'code.dump')
    assert not (tmp_path / 'harm').exists()


def changed(content, path, value):
    """A copy of a nest with another value at a path."""
    if not path:
        return value
    key, *rest = path
    items = dict(content) if isinstance(content, dict) else list(content)
    items[key] = changed(items[key], rest, value)
    return type(content)(items)


def paths_of(content, start=()):
    """Paths of what a replay uses, in a nest."""
    pairs = ()
    if isinstance(content, dict):
        pairs = content.items()
    elif isinstance(content, (list, tuple)):
        pairs = enumerate(content)
    for key, value in pairs:
        yield (*start, key)
        yield from paths_of(value, (*start, key))


ODD = (None, True, -1, 10**12, 10**30, math.nan, '\udcff', 'x\x1b[2J\n')
ODD += ([], {}, (), [[0]], dict(type='ReLU'), dict(data_element='PixelData'))
ODD += (torch.full((2, 3), math.nan), torch.zeros(0, dtype=torch.int64))


@pytest.mark.slow
def test_any_value_in_the_place_of_another(config, path, tmp_path, capsys):
    content = torch.load(path, weights_only=False)
    small = dict(content, state={})
    paths = [*paths_of(small), *(('state', k) for k in content['state'])]
    draw = random.Random(0)
    for place in draw.sample(paths, 30):
        value = draw.choice(ODD)
        torch.save(changed(content, place, value), tmp_path / 'a.dump')
        try:
            code = cosa('replay', config, tmp_path / 'a.dump')
        except SystemExit as err:
            code = err.code
        said = capsys.readouterr()
        assert code in (0, 1, 2), place
        *usage, line = said.err.splitlines() if code == 2 else ['error: ']
        assert 'error: ' in line and line.isprintable(), place
        assert not any('Traceback' in line for line in usage), place


def test_what_cannot_be_used_is_said(config, dump, path, tmp_path, capsys):
    def said(dump_path):
        return error_of(capsys, config, dump_path)

    assert 'No such file' in said(tmp_path / 'none.dump')
    assert 'is not a regular file' in said(tmp_path)
    cut = tmp_path / 'cut.dump'
    cut.write_bytes(path.read_bytes()[:20000])
    assert 'is no dump of a training step, or is damaged' in said(cut)
    torch.save(dict(state_dict={}), cut)
    assert 'those are the non_finite_*.dump files' in said(cut)
    odd = saved(dump, tmp_path, state={})
    assert 'does not fit the model of the config: Missing' in said(odd)
    assert 'none.py' in error_of(capsys, tmp_path / 'none.py', path)


def test_a_config_that_cannot_be_built_is_said(config, path, tmp_path, capsys):
    config = with_loss(config, tmp_path, type='C2SLoss', shre=0.5)
    assert 'error: model.loss_c2s.shre=0.5 is no argument of C2SLoss' in (
        error_of(capsys, config, path)
    )


@pytest.mark.parametrize('device', ['gpu', 'cuda:99'])
def test_a_device_that_is_not_there_is_said(config, path, device, capsys):
    said = error_of(capsys, config, path, f'--device={device}')
    assert f'error: argument --device: {device}: ' in said
