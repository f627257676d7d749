"""`tools/publish_model.py` and `tools/deployment/export_model.py`."""

import pytest
import torch

from tests.deployment.samples import cnn_network, exports, write_training

from .load import load_tool

publish = load_tool('publish_model')
export = load_tool('deployment/export_model')


class Anything:
    """No plain data: to unpickle it, its code would have to run."""


@pytest.fixture
def training(tmp_path, monkeypatch):
    """Working folder with a config and a checkpoint; the tools' arguments."""
    monkeypatch.chdir(tmp_path)
    write_training(tmp_path, cnn_network())
    return ['tiny.json', 'iter_3.pth']


def refusal(tool, *args):
    """The message with which a tool ends."""
    with pytest.raises(SystemExit) as caught:
        tool.main(list(args))
    message = caught.value.code
    assert message.startswith('error: ')
    assert '\n' not in message
    return message


@exports
def test_a_training_is_published_and_then_exported(training, capsys):
    publish.main([*training, '--out', 'published', '--network', 'online'])
    *notes, weights, config = capsys.readouterr().out.splitlines()[-4:]
    assert [note.split(': ')[:2] for note in notes] == [
        ['note', 'several views'],
        ['note', 'TwoStageBackbone'],
    ]
    weights, config = (
        line.removeprefix('wrote ') for line in (weights, config)
    )
    assert torch.load(weights)['meta']['network'] == 'online'
    export.main([config, weights, '--out', 'tiny.pt2'])
    first, second, written = capsys.readouterr().out.splitlines()[-3:]
    assert first.startswith('(1, 3, 224, 224): largest difference to PyTorch')
    assert second.startswith('(3, 3, 128, 192): ')
    assert written.startswith('wrote tiny.pt2, 0.')
    program = torch.export.load('tiny.pt2').module()
    assert program(torch.zeros(1, 3, 32, 64)).shape == (1, 21, 32, 64)


@pytest.mark.parametrize('tool', [publish, export])
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
    assert 'part.pth has no weight whose name starts with' in message
    with open('text.pth', 'w') as file:
        file.write('text')
    assert 'text.pth is no checkpoint' in refusal(
        tool, config, 'text.pth', *out
    )
