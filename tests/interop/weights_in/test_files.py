"""Weights that are written can be read again."""

import pytest
import torch

from cosa_mmseg.interop.weights_in import convert_weights, write_weights
from cosa_mmseg.utils.weights import WeightsError, read_weights

from .vits import (
    config_of,
    vit,
)

WEIGHTS = {'a': torch.zeros(1000)}


def test_a_checkpoint_without_tensors(tmp_path):
    torch.save({'epoch': 3, 'model': {'lr': 0.1}}, tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match=r"no tensors, but \['epoch', 'mo"):
        convert_weights(tmp_path / 'a.pth', config_of(vit()))


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
