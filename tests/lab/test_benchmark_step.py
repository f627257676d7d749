"""tools/lab/benchmark_step.py on a tiny shapes set."""

import json

import pytest

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from tests.golden import ROOT
from tests.tools.load import load_tool
from tools.lab.benchmark import unit

CONFIG = 'cosa/cosa_shapes.py'
benchmark_step = load_tool('lab/benchmark_step')


@pytest.fixture(autouse=True)
def tiny_unit(monkeypatch):
    arch = dict(
        embed_dims=16, num_layers=1, num_heads=1, feedforward_channels=16
    )
    monkeypatch.setitem(unit.UNIT_BACKBONE, 'arch', arch)
    monkeypatch.setattr(unit, 'UNIT_SIZE', (1, 3, 32, 32))


def test_real_images_and_their_json(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)  # where there are no pretrained weights
    write_shapes('shapes', num_train=3, num_eval=1, size=48)
    benchmark_step.main(
        [
            CONFIG,
            '--iters=1',
            '--batch-size=1',
            '--crop=32',
            '--json=out/step.json',
            '--cfg-options',
            'train_dataloader.dataset.data_root=shapes',
            'train_dataloader.num_workers=0',
            'train_dataloader.persistent_workers=False',
        ]
    )
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / 'out' / 'step.json').read_text())
    assert report['config'] == CONFIG
    assert report['cfg_options']['train_dataloader.num_workers'] == 0
    assert report['resolved']['crop'] == [32, 32]
    assert report['resolved']['amp'] == 'bf16'  # the config's
    assert report['settings']['iters'] == 1
    (note,) = report['notes']
    assert note.startswith('random weights: pretrained/small_resnet_shapes')
    assert note in printed
    assert '| whole step ' in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'out',
        'shapes',
    ]


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['cosa/cosa_shape.py'], 'no config .*did you mean'),
        ([CONFIG, '--iters=0'], '--iters must be at least 1, got 0'),
        (
            [str(ROOT / 'tools/lab/configs/ablation/shapes_supervised.py')],
            'model.type=EncoderDecoder: the benchmark knows the parts of CoSA',
        ),
        (
            [
                CONFIG,
                '--cfg-options',
                'train_dataloader.dataset.data_root=nowhere',
            ],
            'nowhere',
        ),
    ],
)
def test_user_errors_are_one_sentence(args, message):
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        benchmark_step.main(args)
