"""What is no file of weights is refused with the reason."""

import argparse
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from PIL import Image
from safetensors.torch import save_file

from cosa_mmseg.utils import weights
from cosa_mmseg.utils.weights import WeightsError, read_weights
from tests.payloads import KINDS, has_run


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
        'a part of one .*File is not a zip file.*: download',
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
    'safetensors under another name': (
        'a.pth',
        lambda p: save_file(WEIGHTS, p),
        'is a safetensors file: end its name in .safetensors',
    ),
    'a bomb': (
        'a.npz',
        lambda p: np.savez_compressed(p, a=np.zeros(80 << 20, np.uint8)),
        'it unpacks to 83886',
    ),
    'a list': ('a.pth', lambda p: torch_file(p, [1]), 'holds a list'),
    'a folder': ('a.pth', lambda p: p.mkdir(), 'is a folder'),
    'a picture': (
        'a.pth',
        lambda p: Image.new('RGB', (9, 9)).save(p, 'PNG'),
        'no checkpoint of PyTorch',
    ),
}


@pytest.mark.parametrize('case', BROKEN)
def test_what_is_no_checkpoint(case, tmp_path):
    name, make, message = BROKEN[case]
    make(tmp_path / name)
    with pytest.raises(WeightsError, match=message) as caught:
        read_weights(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert '\n' not in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no file .*none.pth'):
        read_weights(tmp_path / 'none.pth')


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


def array_file(path):
    np.savez(path, **{name: value.numpy() for name, value in NAMED.items()})


NAMED = {'layer.a': torch.arange(5.0), 'layer.b': torch.ones(2, 2).half()}
FUZZED = {
    'a.pth': lambda path: torch_file(
        path, dict(state_dict=NAMED, meta=dict(iter=1, classes=['cat']))
    ),
    'a.npz': array_file,
}


@pytest.mark.parametrize('name', FUZZED)
@pytest.mark.parametrize('damage', ['flip', 'cut'])
def test_damage_changes_nothing_or_is_said(name, damage, tmp_path):
    """Anywhere in the file: headers, pickle, tensors, directory."""
    path = tmp_path / name
    FUZZED[name](path)
    whole, expected = path.read_bytes(), read_weights(path)
    refused = 0
    for place in range(0, len(whole), 3):
        changed = bytearray(whole)
        if damage == 'cut':
            del changed[place:]
        else:
            changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        try:
            content = read_weights(path)
        except WeightsError as err:
            assert str(err).startswith(str(path))
            assert '\n' not in str(err)
            refused += 1
        else:
            assert content.keys() <= expected.keys()
            assert repr(content) == repr(
                {key: expected[key] for key in content}
            ), place
    assert refused > len(whole) / 9


def test_a_tensor_that_is_said_to_be_a_folder(tmp_path):
    """A bit that torch goes by: the tensor would be what was in memory."""
    path = tmp_path / 'a.pth'
    torch.save(WEIGHTS, path)
    with zipfile.ZipFile(path) as archive:
        files = {i.filename: archive.read(i) for i in archive.infolist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0x10 * name.endswith('data/0')
            archive.writestr(info, content)
    with pytest.raises(WeightsError, match="check sum of 'a/data/0'"):
        read_weights(path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (dict(a=torch.tensor([0, torch.nan])), "NaN or infinity in 'a': its"),
        (dict(state_dict=dict(a=torch.tensor(torch.inf))), 'or infinity in'),
        (dict(model=dict(a=torch.tensor([-torch.inf]).half())), 'or infinity'),
        (dict(a=torch.eye(2).to_sparse()), "plain numbers in 'a' .torch.spar"),
        (dict(a=torch.zeros(2, device='meta')), 'no plain numbers'),
        ({'a\x1b[2J\n': torch.zeros(1)}, r"named 'a\\x1b\[2J\\n', which"),
        ({'a' * 9999: torch.zeros(1)}, "named '.{,80}, which is no name"),
        ({1: torch.zeros(1)}, 'a weight named 1, which'),
    ],
)
def test_weights_that_no_network_can_have(content, message, tmp_path):
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match=message) as caught:
        read_weights(tmp_path / 'a.pth')
    assert '\n' not in str(caught.value)


def test_weights_that_are_not_finite_in_a_safetensors_file(tmp_path):
    save_file({'a': torch.tensor([torch.nan])}, tmp_path / 'a.safetensors')
    with pytest.raises(WeightsError, match='NaN or infinity'):
        read_weights(tmp_path / 'a.safetensors')


def test_what_may_be_beside_finite_weights(tmp_path):
    """Scores that are not finite, views of any size, a dict in itself."""
    content = dict(
        best_loss=torch.tensor(torch.inf),
        optimizer=dict(a=torch.tensor(torch.nan)),
        state_dict=dict(
            a=torch.zeros(1).expand(10**6, 10**6, 10**3),
            b=torch.zeros(0),
            c=torch.zeros(1, dtype=torch.complex64),
        ),
    )
    content['model'] = content
    torch.save(content, tmp_path / 'a.pth')
    assert read_weights(tmp_path / 'a.pth')['state_dict'].keys() == {*'abc'}


REFUSED = {
    'zip': r'holds (posix|os)\.mkdir, which is code .* was not run: ask for',
    'legacy': r'holds (posix|os)\.mkdir, which is code',
    'bare pickle': 'is no checkpoint of PyTorch',
    'getattr': 'holds getattr, which is code',
    'safetensors': 'is no safetensors file',
    'npz': 'is no .npz file of numbers',
}


@pytest.mark.parametrize('kind', KINDS)
def test_code_is_not_run(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, write = KINDS[kind]
    write(tmp_path / name)
    with pytest.raises(WeightsError, match=f'^{name} {REFUSED[kind]}'):
        read_weights(name)
    assert not has_run()


@pytest.mark.parametrize('kind', KINDS)
def test_code_of_trusted_files_is_run(kind, tmp_path, monkeypatch):
    """In files of pickles: the others cannot hold any."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(weights.TRUST, '1')
    name, write = KINDS[kind]
    write(tmp_path / name)
    if name in ('a.npz', 'a.safetensors'):
        with pytest.raises(WeightsError, match=f'^{name} {REFUSED[kind]}'):
            read_weights(name)
    elif kind == 'bare pickle':  # of which torch reads the start
        with pytest.raises(WeightsError, match='^a.bin is no checkpoint'):
            read_weights(name)
    else:
        assert read_weights(name)['x'] is None
    assert has_run() == (kind in ('zip', 'legacy', 'bare pickle', 'getattr'))


def test_older_torch_reads_no_pickles(tmp_path, monkeypatch):
    torch.save(WEIGHTS, tmp_path / 'a.pth')
    save_file(WEIGHTS, tmp_path / 'a.safetensors')
    monkeypatch.setattr(torch, '__version__', '2.5.1')
    assert read_weights(tmp_path / 'a.safetensors').keys() == WEIGHTS.keys()
    with pytest.raises(
        WeightsError, match=r'torch 2\.5\.1 cannot read .*a\.pth'
    ):
        read_weights(tmp_path / 'a.pth')
    monkeypatch.setenv(weights.TRUST, '1')
    assert read_weights(tmp_path / 'a.pth').keys() == WEIGHTS.keys()
