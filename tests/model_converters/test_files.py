"""What is no file of weights is refused with the reason."""

import argparse
import os

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.utils import digit_version
from safetensors.torch import save_file

from cosa_mmseg.model_converters import (
    WeightsError,
    convert_weights,
    read_weights,
    write_weights,
)

from .vits import config_of, vit


class Program:
    """What only code can make."""

    def __reduce__(self):
        return os.mkdir, ('executed',)


def torch_file(path, content, half=False, **kwargs):
    torch.save(content, path, **kwargs)
    if half:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])


def half_safetensors(path):
    save_file({'a': torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:1000])


def half_npz(path):
    np.savez(path, a=np.zeros(1000))
    path.write_bytes(path.read_bytes()[:1000])


WEIGHTS = {'a': torch.zeros(1000)}
BROKEN = {
    'zero bytes': ('a.pth', lambda p: p.touch(), r'is empty \(0 bytes\)'),
    'web page': (
        'a.safetensors',
        lambda p: p.write_text('\n<!DOCTYPE html><html>Sign in</html>'),
        'is a web page',
    ),
    'placeholder': (
        'a.bin',
        lambda p: p.write_text('version https://git-lfs.github.com/spec/v1'),
        'git lfs pull',
    ),
    'text': ('a.pth', lambda p: p.write_text('hello'), 'no checkpoint of'),
    'random': ('a.pth', lambda p: p.write_bytes(bytes(range(256))), 'no ch'),
    'truncated': (
        'a.pth',
        lambda p: torch_file(p, WEIGHTS, half=True),
        'a part of one .*failed finding central directory.*: download',
    ),
    'truncated, old format': (
        'a.pth',
        lambda p: torch_file(
            p, WEIGHTS, half=True, _use_new_zipfile_serialization=False
        ),
        'a part of one',
    ),
    'truncated safetensors': ('a.safetensors', half_safetensors, 'a part of'),
    'truncated npz': ('a.npz', half_npz, 'a part of one'),
    'code': (
        'a.pth',
        lambda p: torch_file(p, {**WEIGHTS, 'x': Program()}),
        r'object of (posix|os)\.mkdir, .* not executed',
    ),
    'objects in npz': (
        'a.npz',
        lambda p: np.savez(p, a=np.array([Program()], object)),
        'no .npz file of numbers',
    ),
    'a list': ('a.pth', lambda p: torch_file(p, [1]), 'holds a list'),
}


@pytest.mark.parametrize('case', BROKEN)
def test_what_is_no_checkpoint(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, make, message = BROKEN[case]
    make(tmp_path / name)
    with pytest.raises(WeightsError, match=message) as caught:
        read_weights(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert '\n' not in str(caught.value)
    assert not (tmp_path / 'executed').exists()


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no file .*none.pth'):
        read_weights(tmp_path / 'none.pth')


def test_a_checkpoint_without_tensors(tmp_path):
    torch.save({'epoch': 3, 'model': {'lr': 0.1}}, tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match=r"no tensors, but \['epoch', 'mo"):
        convert_weights(tmp_path / 'a.pth', config_of(vit()))


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6.0'),
    reason='only tensors are read with torch < 2.6',
)
def test_options_and_logs_beside_the_weights_are_read(tmp_path):
    """DINO's and DeiT's command lines, mmengine's logs."""
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    content = {
        'state_dict': WEIGHTS,
        'args': argparse.Namespace(lr=0.1),
        'message_hub': {'loss': history, 'best': np.float32(0.5)},
    }
    torch.save(content, tmp_path / 'a.pth')
    read = read_weights(tmp_path / 'a.pth')
    assert torch.equal(read['state_dict']['a'], WEIGHTS['a'])
    assert read['args'].lr == 0.1
    assert read['message_hub']['loss'].mean() == 1.5


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_written_weights_are_read_again(suffix, tmp_path):
    state = {'a': torch.rand(4, 3).T, 'b': torch.arange(3)}
    write_weights(tmp_path / 'new' / f'a{suffix}', state)
    read = read_weights(tmp_path / 'new' / f'a{suffix}')
    read = read.get('state_dict', read)
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], state[name]) for name in state)
    assert len(list((tmp_path / 'new').iterdir())) == 1


def test_other_suffixes_are_not_written(tmp_path):
    with pytest.raises(WeightsError, match=r'end in \.pth or \.safetensors'):
        write_weights(tmp_path / 'a.npz', WEIGHTS)
