"""``cosa prepare voc``."""

import json

import pytest

from tests.datasets.voc_tree import write_tiny_sbd, write_tiny_voc

from .calls import cosa


@pytest.fixture
def args(tmp_path):
    root = write_tiny_voc(tmp_path / 'VOC2012')
    sbd = write_tiny_sbd(tmp_path / 'dataset')
    return ['--root', str(root), '--sbd', str(sbd)]


def test_it_converts_and_says_what_there_is(args, tmp_path, capsys):
    options = ['--allow-partial', '--labels-from', 'masks']
    for new in (3, 0):
        cosa('prepare', 'voc', *args, *options, '--num-workers', 1)
        assert capsys.readouterr().out == (
            '4 images; 1 in train, 1 in val, 3 in train_aug; 4 labels; '
            f'3 masks of train_aug, of which {new} are new\n'
        )
    path = tmp_path / 'VOC2012' / 'image_labels' / 'masks.json'
    assert json.loads(path.read_text())['2007_000001'] == ['cat']


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ([], r'train has 1 \(not 1464\).* allow_partial'),
        (['--sbd', 'nowhere'], 'no nowhere: sbd must be benchmark.tgz'),
        (['--root', 'new', '--voc-tar', 'a.tar'], 'no archive a.tar'),
        (['--allow-partial', '--num-workers', '0'], 'num_workers is 0, but'),
    ],
)
def test_one_sentence_says_what_is_wrong(args, options, message):
    with pytest.raises(SystemExit, match=f'^error: .*{message}') as err:
        cosa('prepare', 'voc', *args, *options)

    assert '\n' not in str(err.value)


def test_unknown_label_source(args, capsys):
    with pytest.raises(SystemExit) as err:
        cosa('prepare', 'voc', *args, '--labels-from', 'csv')

    assert err.value.code == 2
    assert "invalid choice: 'csv'" in capsys.readouterr().err
