"""The commands of a second stage in turn, on a tiny shapes set."""

import json

import pytest

from cosa_mmseg.datasets.shapes.shapes import write_shapes

from .calls import cosa


def options(**settings):
    """Overrides that make a config of the shapes set tiny."""
    settings = {
        'train_cfg.max_iters': 2,
        'train_cfg.total_batch_size': 4,
        'train_dataloader.batch_size': 4,
        'param_scheduler.warmup_iters': 1,
        'default_hooks.checkpoint.interval': 2,
        **settings,
    }
    for split in ('train', 'val', 'test'):
        settings[f'{split}_dataloader.num_workers'] = 0
        settings[f'{split}_dataloader.persistent_workers'] = False
    return ['--cfg-options', *(f'{k}={v}' for k, v in settings.items())]


@pytest.mark.slow
def test_teacher_export_second_stage_and_test(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_shapes(tmp_path / 'data/shapes', 8, 4, size=48)
    masks = (tmp_path / 'data/shapes/SegmentationClass').iterdir()
    assert not any(path.name.startswith('train') for path in masks)
    teacher = options(
        **{
            'model.train_cfg.warmup_iters': 1,
            'model.network.backbone.init_cfg': None,
        }
    )
    cosa('train', 'cosa/cosa_shapes.py', *teacher)
    second = options(**{'model.backbone.init_cfg': None})
    config = 'cosa_ms/shapes.py'
    with pytest.raises(SystemExit, match='pseudo-labels'):
        cosa('train', config, *second)
    cosa(
        'pseudo-labels',
        'cosa/cosa_shapes.py',
        'work_dirs/cosa_shapes/iter_2.pth',
        '--out=work_dirs/pseudo_labels',
        '--num-workers=0',
    )
    cosa('train', config, *second)
    checkpoint = 'work_dirs/shapes/iter_2.pth'
    cosa('test', config, checkpoint, '--work-dir=test', *second)
    (path,) = (tmp_path / 'test').glob('*/*.json')
    scores = json.loads(path.read_text().splitlines()[-1])
    for name in ('mIoU', 'mIoU_label_filtered'):
        assert 0 < scores[name] <= 100
