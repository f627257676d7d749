"""Commands on a tiny shapes set: train, resume, test, demo."""

import json

import pytest
from mmengine.runner import CheckpointLoader
from PIL import Image

from cosa_mmseg.cli import demo
from cosa_mmseg.datasets.shapes import shapes as shapes_set
from cosa_mmseg.datasets.shapes.shapes import write_shapes

from .calls import cosa

CONFIG = 'cosa/cosa_shapes.py'
load_checkpoint = CheckpointLoader.load_checkpoint


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    """Sixteen training images without masks, four to evaluate."""
    root = tmp_path_factory.mktemp('shapes') / 'set'
    write_shapes(root, num_train=16, num_eval=4, size=48)
    masks = {path.stem for path in (root / 'SegmentationClass').iterdir()}
    assert not any(name.startswith('train') for name in masks)
    return root


def options(root, **extra):
    """Overrides that make the shapes config tiny."""
    settings = {
        'train_cfg.max_iters': 4,
        'train_cfg.total_batch_size': 8,
        'train_dataloader.batch_size': 4,
        'model.train_cfg.warmup_iters': 2,
        'param_scheduler.warmup_iters': 1,
        'default_hooks.checkpoint.interval': 2,
        'default_hooks.logger.interval': 1,
        'default_hooks.report': None,
        'model.network.backbone.init_cfg': None,
    }
    for split in ('train', 'val', 'test'):
        settings[f'{split}_dataloader.dataset.data_root'] = root
        settings[f'{split}_dataloader.num_workers'] = 0
        settings[f'{split}_dataloader.persistent_workers'] = False
    settings.update(extra)
    return ['--cfg-options', *(f'{k}={v}' for k, v in settings.items())]


def scalars(folder):
    """Logged values of the one run below a work dir that was last."""
    path = max(folder.rglob('scalars.json'))
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope='module')
def trained(shapes, tmp_path_factory):
    folder = tmp_path_factory.mktemp('work')
    cosa('train', CONFIG, '--work-dir', folder, *options(shapes))
    return folder


def test_training_without_masks_logs_both_phases(trained):
    rows = [row for row in scalars(trained) if 'loss_cls' in row]
    assert [row['iter'] for row in rows] == [1, 2, 3, 4]
    assert ['loss_c2s' in row for row in rows] == [False, False, True, True]
    assert all(row['loss'] == row['loss'] for row in rows)


@pytest.mark.slow
def test_resume_goes_on_where_the_checkpoint_is(shapes, trained, tmp_path):
    first = [CONFIG, '--work-dir', str(tmp_path)]
    cosa('train', *first, *options(shapes, **{'train_cfg.max_iters': 2}))
    saved = load_checkpoint(str(tmp_path / 'iter_2.pth'))
    cosa('train', *first, '--resume', *options(shapes))
    rows = [row for row in scalars(tmp_path) if 'loss_cls' in row]
    assert [row['iter'] for row in rows] == [3, 4]
    assert 'loss_c2s' in rows[0]  # the phase follows the iteration
    # the assignment network went on from its own weights: it is near them,
    # and not a copy of the online network
    resumed = load_checkpoint(str(tmp_path / 'iter_4.pth'))
    key = 'cam_head.conv_seg.weight'
    before, after, online = (
        saved['state_dict'][f'assignment.{key}'],
        resumed['state_dict'][f'assignment.{key}'],
        resumed['state_dict'][f'online.{key}'],
    )
    assert 0 < (after - before).norm() < 0.1 * (online - before).norm()


@pytest.mark.parametrize('extra', [[], ['--tta']])
def test_test_reports_each_score_under_its_name(
    shapes, trained, tmp_path, extra
):
    cosa(
        'test',
        CONFIG,
        str(trained / 'iter_4.pth'),
        '--work-dir',
        str(tmp_path),
        '--out',
        str(tmp_path / 'maps'),
        *extra,
        *options(shapes),
    )
    scores = json.loads(
        next(tmp_path.glob('*/*.json')).read_text().splitlines()[-1]
    )
    for name in (
        'mIoU',
        'mIoU_label_filtered',
        'cam_mIoU',
        'cam_mIoU_label_filtered_best',
        'cam_aux_mIoU',
    ):
        assert 0 <= scores[name] <= 100
    maps = sorted((tmp_path / 'maps/results').glob('*.png'))
    assert len(maps) == 4
    assert Image.open(maps[0]).size == (48, 48)


@pytest.mark.gpu
def test_amp_trains(shapes, tmp_path):
    cosa(
        'train',
        CONFIG,
        '--amp',
        '--work-dir',
        str(tmp_path),
        *options(shapes, **{'optim_wrapper.dtype': 'bfloat16'}),
    )
    rows = [row for row in scalars(tmp_path) if 'loss_cls' in row]
    assert len(rows) == 4
    assert all(row['loss'] == row['loss'] for row in rows)


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['--config', 'cosa/cosa_shape'], 'no config .*did you mean'),
        (['--cfg-options', 'modle.x=1'], "the config has no 'modle'"),
    ],
)
def test_mistakes_in_the_demo_are_one_sentence(args, message):
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        cosa('demo', *args)


def test_demo_prints_the_table_and_draws(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(shapes_set, 'write_shapes', lambda root: root)
    root = tmp_path / 'shapes'
    write_shapes(root, num_train=8, num_eval=4, size=48)
    call = ('--data-root', root, '--work-dir', tmp_path / 'out')
    cosa('demo', *call, *options(root))
    printed = capsys.readouterr().out
    for word in ('mIoU ', 'mIoU_label_filtered', 'CAM mIoU', 'time', '.png'):
        assert word in printed
    assert Image.open(tmp_path / 'out' / 'gallery.png').size[0] > 500


def test_the_gallery_shows_every_class():
    labels = [[0], [0, 1], [0], [2], [1], [3]]
    assert demo.choose(labels, 5) == [0, 1, 2, 3, 5]
    assert demo.choose(labels[:2], 5) == [0, 1]
