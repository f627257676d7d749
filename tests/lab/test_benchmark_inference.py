"""tools/lab/benchmark_inference.py on a tiny shapes set."""

import json

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from tests.golden import ROOT
from tests.tools.load import load_tool

from .test_benchmark_step import tiny_unit  # noqa: F401

CONFIG = 'cosa/cosa_shapes.py'
benchmark_inference = load_tool('lab/benchmark_inference')


def test_a_checkpoint_and_real_images(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_shapes('shapes', num_train=1, num_eval=3, size=48)
    cfg = Config.fromfile(ROOT / 'configs' / CONFIG)
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model)
    torch.save({'state_dict': model.state_dict()}, 'model.pth')
    benchmark_inference.main(
        [
            CONFIG,
            'model.pth',
            '--iters=1',
            '--warmup=1',
            '--batch-size=2',
            '--json=inference.json',
            '--cfg-options',
            'test_dataloader.dataset.data_root=shapes',
            'test_dataloader.num_workers=0',
            'test_dataloader.persistent_workers=False',
        ]
    )
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / 'inference.json').read_text())
    assert report['checkpoint'] == 'model.pth'
    assert report['notes'] == []
    assert [row['views'] for row in report['rows']] == ['one', 'tta']
    assert '| tta   | whole | off |     2 |' in printed


def test_the_table_is_printed_though_its_file_cannot_be(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    small = ['--iters=1', '--warmup=1', '--views=one', '--size', '16', '16']
    (tmp_path / 'taken').touch()
    with pytest.raises(SystemExit, match='^error: .*taken'):
        benchmark_inference.main(
            [CONFIG, '--synthetic', *small, '--json=taken/figures.json']
        )
    assert '| one   | whole | off ' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['cosa/cosa_shape.py'], 'no config .*did you mean'),
        ([CONFIG, '--size', '0', '9'], '--size must be at least 1, got 0'),
        ([CONFIG, '--mode', 'slide'], '--mode slide needs .*crop_size'),
        ([CONFIG, 'nothing.pth', '--synthetic'], 'nothing.pth'),
        (
            [CONFIG, '--cfg-options', 'model.network.backbone.widht=3'],
            r'model\.network\.backbone.*widht',
        ),
    ],
)
def test_user_errors_are_one_sentence(args, message):
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        benchmark_inference.main(args)
