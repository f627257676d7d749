"""``cosa publish`` and ``cosa export``."""

from pathlib import Path

import pytest
import torch

from tests.interop.models_out.samples import (
    cnn_network,
    exports,
    write_training,
)

from .calls import cosa


class Anything:
    """No plain data: to unpickle it, its code would have to run."""


@pytest.fixture
def training(tmp_path, monkeypatch):
    """Working folder with a config and a checkpoint; the arguments."""
    monkeypatch.chdir(tmp_path)
    write_training(tmp_path, cnn_network())
    return ['tiny.json', 'iter_3.pth']


def refusal(tool, *args):
    """The message with which a tool ends."""
    with pytest.raises(SystemExit) as caught:
        cosa(tool, *args)
    message = caught.value.code
    assert message.startswith('error: ')
    assert '\n' not in message
    return message


@exports
def test_a_training_is_published_and_then_exported(training, capsys):
    cosa('publish', *training, '--out=published', '--network=online')
    *notes, weights, config, use = capsys.readouterr().out.splitlines()[-5:]
    assert [note.split(': ')[:2] for note in notes] == [
        ['note', 'several views'],
        ['note', 'TwoStageBackbone'],
    ]
    weights, config = (
        line.removeprefix('wrote ') for line in (weights, config)
    )
    assert torch.load(weights)['meta']['network'] == 'online'
    assert use == f'use: mmseg.apis.init_model({config!r}, {weights!r})'
    cosa('export', config, weights, '--out=tiny.pt2')
    first, second, written = capsys.readouterr().out.splitlines()[-3:]
    assert first.startswith('(1, 3, 224, 224): largest difference to PyTorch')
    assert second.startswith('(3, 3, 128, 192): ')
    assert written.startswith('wrote tiny.pt2, 0.')
    program = torch.export.load('tiny.pt2').module()
    assert program(torch.zeros(1, 3, 32, 64)).shape == (1, 21, 32, 64)


def test_what_a_checkpoint_may_lack(training):
    config, checkpoint = training
    state = torch.load(checkpoint)['state_dict']
    wrapped = {f'module.{name}': value for name, value in state.items()}
    torch.save(dict(state_dict=wrapped, meta=None), 'bare.pth')
    cosa('publish', config, 'bare.pth', '--out=published')
    (weights,) = Path('published').glob('*.pth')
    assert torch.load(weights)['meta']['dataset_meta']['classes'][12] == 'dog'
    typo = ['--cfg-options', 'model.network.backbone.widht=3']
    message = refusal('publish', config, 'bare.pth', '--out', 'o', *typo)
    assert 'model.network.backbone' in message
    assert 'widht' in message
    no_data = ['--cfg-options', 'test_dataloader=None']
    message = refusal('publish', config, 'bare.pth', '--out', 'o', *no_data)
    assert 'does not name its classes' in message


@pytest.mark.parametrize('tool', ['publish', 'export'])
def test_bad_input_is_refused_in_a_sentence(training, tool):
    config, checkpoint = training
    out = ['--out', 'out.pt2']
    assert 'none.json' in refusal(tool, 'none.json', checkpoint, *out)
    assert 'none.pth' in refusal(tool, config, 'none.pth', *out)
    state = torch.load(checkpoint)['state_dict']
    torch.save(dict(state_dict=state, extra=Anything()), 'unsafe.pth')
    message = refusal(tool, config, 'unsafe.pth', *out)
    assert 'Anything, which is code and no weights' in message
    torch.save(dict(state_dict=dict(list(state.items())[:9])), 'part.pth')
    message = refusal(tool, config, 'part.pth', *out)
    assert 'part.pth is no checkpoint of the model of tiny.json' in message
    torch.save(dict(state_dict=[1]), 'list.pth')
    assert 'it holds no weights' in refusal(tool, config, 'list.pth', *out)
    wide = {k: v.repeat(2, 1, 1, 1) for k, v in state.items() if v.ndim == 4}
    torch.save(dict(state_dict={**state, **wide}), 'wide.pth')
    message = refusal(tool, config, 'wide.pth', *out)
    assert 'wide.pth is no checkpoint of the model of tiny.json' in message
    assert 'take the config that it was trained with' in message
    assert len(message) < 300  # one weight, not all
    with open('text.pth', 'w') as file:
        file.write('text')
    assert 'text.pth is no checkpoint' in refusal(
        tool, config, 'text.pth', *out
    )
