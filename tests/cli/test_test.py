import json
import os
from pathlib import Path

import pytest
import torch

from cosa_mmseg.cli import testing

from .calls import cosa, parse
from .toy import ToyModel


def build(*args):
    return testing.build_config(parse('test', *args))


def test_options_enter_the_config(toy_config):
    cfg = build(
        toy_config,
        'some.pth',
        '--show-dir=pictures',
        '--wait-time=3',
        '--cfg-options',
        'test_dataloader.batch_size=7',
    )
    assert cfg.load_from == 'some.pth'
    assert cfg.work_dir == os.path.join('work_dirs', 'toy')
    assert cfg.test_dataloader.batch_size == 7
    hook = cfg.default_hooks.visualization
    assert (hook.draw, hook.show, hook.wait_time) == (True, False, 3)
    assert cfg.visualizer.save_dir == 'pictures'


def test_pictures_are_off_and_need_their_hook(toy_config):
    assert 'draw' not in build(toy_config, 'a').default_hooks.visualization
    without = ('--cfg-options', 'default_hooks.visualization=None')
    with pytest.raises(ValueError, match='SegVisualizationHook'):
        build(toy_config, 'a', '--show', *without)


def test_predictions_are_written_besides(toy_config):
    scores = build(toy_config, 'a').test_evaluator
    cfg = build(toy_config, 'a', '--out=maps')
    writer = dict(type='SubmissionFormatter', out_dir='maps')
    assert cfg.test_evaluator == [*scores, writer]


def test_tta_is_handed_to_the_segmentor(toy_config):
    with pytest.raises(ValueError, match='--tta needs tta_cfg'):
        build(toy_config, 'a', '--tta')
    with Path(toy_config).open('a') as file:
        file.write(
            'model.update(test_cfg=dict(scales=[1.0], size=(8, 8)))\n'
            'tta_cfg = dict(scales=[1.0, 0.5], mirror=True)\n'
        )
    cfg = build(toy_config, 'a', '--tta')
    assert cfg.model.test_cfg == {
        'scales': [1.0, 0.5],
        'mirror': True,
        'size': (8, 8),
    }
    assert build(toy_config, 'a').model.test_cfg.scales == [1.0]


def test_scores_are_written(toy_config):
    torch.save({'state_dict': ToyModel().state_dict()}, 'model.pth')
    cosa('test', toy_config, 'model.pth', '--work-dir=out')
    (scores,) = Path('out').glob('*/*.json')
    assert 'mean' in json.loads(scores.read_text())
