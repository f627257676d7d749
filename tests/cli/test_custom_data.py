"""Pictures and a CSV file: training, label maps, and scores with masks."""

import json
import shutil

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.visualization import SegLocalVisualizer
from PIL import Image

from cosa_mmseg.config.command_line import read_config
from tests.golden import ROOT

from .calls import cosa

CUSTOM = ROOT / 'configs' / 'cosa' / 'cosa_vit-b_custom.py'
# a network that takes no time; an iteration of the warm-up and one after it
TINY = f"""
_base_ = '{CUSTOM}'
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True, type='SmallResNet', stem_channels=8,
            base_channels=8, num_stages=3, strides=(2, 2, 1),
            dilations=(1, 1, 1), out_indices=(1, 2)),
        decode_head=dict(channels=8),
        frozen=[]),
    train_cfg=dict(warmup_iters=1))
train_cfg = dict(max_iters=2, val_interval=2)
param_scheduler = dict(warmup_iters=1)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomNonEmptyResize', scale=(500, 500),
         ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomPlaceCrop', crop_size=(48, 48)),
    *_base_.views,
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(48, 48), keep_ratio=False),
    dict(type='PackImageLabelInputs'),
]
train_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(pipeline=test_pipeline))
default_hooks = dict(logger=dict(interval=1))
"""
PICTURES = {
    '7.jpg': ['red fox'],
    'a picture.png': ['red fox', 'Bär'],
    'more/ü.JPG': ['Bär'],
    'more/last.bmp': ['Wolf'],
}
CHECKPOINT = 'work_dirs/tiny/iter_2.pth'
FINISHED = 'work_dirs/tiny/tiny.py'  # the config that the training wrote
OPTIONS = (
    '--cfg-options',
    'data_root=my',
    'label_file=labels.csv',
    'default_hooks.report=None',
)


def write_pictures(folder, below='my/pictures'):
    """Small pictures of noise below a folder, and `my/labels.csv`."""
    rng = np.random.default_rng(0)
    lines = ['image,labels']
    for name, names in PICTURES.items():
        path = folder / below / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (32, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        lines.append(f'{name},{";".join(names)}')
    (folder / 'my/labels.csv').write_text('\n'.join(lines), encoding='utf-8')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with pictures, their labels, and the tiny config."""
    folder = tmp_path_factory.mktemp('custom')
    write_pictures(folder, 'my')
    (folder / 'tiny.py').write_text(TINY)
    return folder


@pytest.fixture
def my(folder, monkeypatch):
    """The folder, as the one that tools are called in."""
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope='module')
def trained(folder):
    """The folder with the work dir of a training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cosa('train', 'tiny.py', *OPTIONS)
    return folder


def test_training_needs_no_masks(trained):
    (log,) = trained.glob('work_dirs/tiny/*/vis_data/scalars.json')
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert ['loss_c2s' in row for row in rows] == [False, True]
    assert all(np.isfinite(row['loss']) for row in rows)


def test_label_maps_of_new_pictures(trained, my):
    shutil.copytree('my', 'new', ignore=shutil.ignore_patterns('*.csv'))
    options = ('--cfg-options', 'data_root=new', 'label_file=None')
    cosa('test', FINISHED, CHECKPOINT, '--work-dir=predicted', *options)
    out = ('--work-dir=w', '--out=maps')
    cosa('test', FINISHED, CHECKPOINT, *out, *options)
    assert (my / 'maps/results/more/last.png').is_file()

    results = my / 'predicted/label_maps/results'
    maps = {
        path.relative_to(results).as_posix(): np.asarray(Image.open(path))
        for path in results.rglob('*.png')
    }
    assert set(maps) == {
        '7.png',
        'a picture.png',
        'more/ü.png',
        'more/last.png',
    }
    for label_map in maps.values():
        assert label_map.shape == (32, 40)
        assert label_map.max() <= 3


def test_label_maps_of_one_name_are_refused_at_the_start(trained, my):
    write_pictures(my / 'alike', 'my')
    shutil.copy(my / 'alike/my/7.jpg', my / 'alike/my/7.png')
    options = ('--cfg-options', 'data_root=alike/my', 'label_file=None')
    message = '^error: the label maps of .*7.jpg and .*7.png would both be 7.'
    with pytest.raises(SystemExit, match=message):
        cosa('test', FINISHED, CHECKPOINT, '--work-dir=alike/out', *options)
    assert not (my / 'alike/out/label_maps').exists()


def test_masks_are_scored(trained, my):
    for name in ('7', 'more/ü'):
        path = my / f'my/masks/{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((32, 40), 1, np.uint8)).save(path)
    (my / 'my/val.txt').write_text('7\nmore/ü.JPG\n', encoding='utf-8')
    options = ('--cfg-options', 'mask_path=masks', 'test_list=val.txt')
    cosa('test', FINISHED, CHECKPOINT, '--work-dir=scored', *options)

    (path,) = my.glob('scored/*/*.json')
    scores = json.loads(path.read_text().splitlines()[-1])
    for name in ('mIoU', 'mIoU_label_filtered', 'cam_mIoU'):
        assert 0 <= scores[name] <= 100
    assert not (my / 'scored/label_maps').exists()


def test_binary_masks_give_no_score(trained, my):
    mask = np.zeros((32, 40), np.uint8)
    mask[:9] = 255
    for name in ('7', 'more/ü'):
        path = my / f'my/binary/{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(path)
    (my / 'my/binary.txt').write_text('7\nmore/ü.JPG\n', encoding='utf-8')
    options = ('--cfg-options', 'mask_path=binary', 'test_list=binary.txt')
    message = '^error: 0 of 2 masks .* 0 and 255, .*; the first is my/binary/7'
    with pytest.raises(SystemExit, match=message):
        cosa('test', FINISHED, CHECKPOINT, '--work-dir=binary', *options)
    with pytest.raises(SystemExit, match=message):
        cosa('check-data', FINISHED, *options)


def test_a_scored_picture_without_labels_is_one_sentence(trained, my):
    write_pictures(my / 'unlabelled', 'my')
    root = my / 'unlabelled/my'
    Image.new('L', (40, 32), 1).save(root / '7.png')
    (root / 'labels.csv').write_text('image,labels\na picture.png,Wolf\n')
    (root / 'val.txt').write_text('7.jpg\n')
    options = ('data_root=unlabelled/my', 'mask_path=', 'test_list=val.txt')
    message = "^error: .* needs `gt_label`, which image '7' .* are not known"
    with pytest.raises(SystemExit, match=message):
        cosa('test', FINISHED, CHECKPOINT, '--cfg-options', *options)


def test_settings_reach_the_places_where_they_are_used(my):
    options = dict(data_root='my', img_path='more', label_union=True)
    options |= dict(train_list='train.txt', test_list='test.txt')

    cfg = read_config('tiny.py', options, 'work')

    classes = ['background', 'Bär', 'Wolf', 'red fox']
    assert cfg.model.network.num_classes == 4
    for split in ('train', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        assert dataset.metainfo.classes == classes
        assert dataset.ann_file == f'{split}.txt'
        assert dataset.label_file == 'labels.csv'
        assert dataset.label_union is True
        assert dataset.data_root == 'my'
        assert dataset.data_prefix.img_path == 'more'
    assert cfg.train_dataloader.dataset.data_prefix == {'img_path': 'more'}
    assert cfg.val_dataloader is cfg.val_cfg is cfg.val_evaluator is None
    assert cfg.test_evaluator.out_dir == 'work/label_maps'


def test_a_config_has_the_settings_at_its_top(my):
    settings = "data_root = 'my'\nmask_path = 'masks'\nimg_path = 'more'\n"
    (my / 'own.py').write_text(f"_base_ = 'tiny.py'\n{settings}")
    cfg = read_config('own.py', {'img_path': ''}, 'work')
    assert cfg.val_dataloader.dataset.data_root == 'my'
    assert cfg.val_dataloader.dataset.data_prefix.seg_map_path == 'masks'
    assert cfg.train_dataloader.dataset.data_prefix.img_path == ''
    assert cfg.model.network.num_classes == 4
    cfg.dump('filled_in.py')
    again = read_config('filled_in.py', {}, 'work')
    assert again.to_dict() == cfg.to_dict()


def test_the_data_root_of_any_config_is_said_once():
    cfg = read_config('cosa_vit-b_voc', {'data_root': 'there'})
    for split in ('train', 'val', 'test'):
        assert cfg[f'{split}_dataloader'].dataset.data_root == 'there'
    with pytest.raises(ValueError, match="the config has no 'label_union'"):
        read_config('cosa_vit-b_voc', {'label_union': True})


def test_the_separator_of_labels_is_a_setting(my):
    (my / 'my/bars.csv').write_text('image,labels\n7.jpg,red fox|Wolf\n')
    options = dict(data_root='my', label_file='bars.csv', label_separator='|')
    cfg = read_config(str(CUSTOM), options)
    for split in ('train', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        assert dataset.metainfo.classes == ['background', 'Wolf', 'red fox']
        assert dataset.label_separator == '|'
    (my / 'my/bars.csv').unlink()


def test_masks_can_be_added_and_taken_away(my):
    without = read_config('tiny.py', {'data_root': 'my'}, 'work')
    options = {'data_root': 'my', 'mask_path': 'masks'}
    cfg = read_config('tiny.py', options, 'work')

    steps = [step.type for step in cfg.val_dataloader.dataset.pipeline]
    assert steps[-3:] == ['Resize', 'LoadAnnotations', 'PackImageLabelInputs']
    assert cfg.val_dataloader.dataset.data_prefix.seg_map_path == 'masks'
    assert cfg.val_dataloader == cfg.test_dataloader
    assert 'seg_map_path' not in cfg.train_dataloader.dataset.data_prefix
    assert [m.type for m in cfg.val_evaluator] == [m.type for m in cfg.scores]

    cfg.dump('masked.py')
    again = read_config('masked.py', {'mask_path': 'masks'}, 'work')
    assert again.to_dict() == cfg.to_dict()
    again = read_config('masked.py', {'mask_path': None}, 'work')
    assert again.to_dict() == without.to_dict()


def test_how_masks_are_loaded_and_scored_is_kept(my):
    (my / 'own.py').write_text(
        "_base_ = 'tiny.py'\n"
        "val_cfg = dict(_delete_=True, type='ValLoop', fp16=True)\n"
        "load = dict(type='mmseg.LoadAnnotations', imdecode_backend='cv2')\n"
        'test_dataloader = dict(dataset=dict(\n'
        '    pipeline=[load, *_base_.test_pipeline]))\n'
    )
    options = {'data_root': 'my', 'mask_path': 'masks'}
    cfg = read_config('own.py', options)
    steps = [step.type for step in cfg.val_dataloader.dataset.pipeline]
    assert steps[-2:] == ['mmseg.LoadAnnotations', 'PackImageLabelInputs']
    assert 'LoadAnnotations' not in steps
    assert cfg.val_cfg == dict(type='ValLoop', fp16=True)


def test_classes_that_are_given_are_kept(my):
    classes = ['background', 'red fox', 'Wolf', 'Bär', 'unseen']
    options = dict(label_file=None, classes=classes)
    cfg = read_config(str(CUSTOM), options)
    assert cfg.model.network.num_classes == 5
    assert cfg.test_dataloader.dataset.metainfo.classes == classes
    options['classes'] = None
    with pytest.raises(ValueError, match='`label_file`, or the list `clas'):
        read_config(str(CUSTOM), options)


def test_an_evaluator_of_ones_own_is_kept(my):
    own = "[dict(type='ClassificationMetric')]"
    text = f"_base_ = 'tiny.py'\ntest_evaluator = {own}\n"
    (my / 'own.py').write_text(text)
    cfg = read_config('own.py', {'data_root': 'my'})
    assert cfg.test_evaluator == [dict(type='ClassificationMetric')]


PLAIN = """
_base_ = 'tiny.py'
data = dict(data_root='my', label_file='labels.csv')
model = dict(network=dict(num_classes=data))
train_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)
work_dir = 'plain'
"""


def test_mmengines_runner_takes_the_config_as_it_is(my):
    (my / 'plain.py').write_text(PLAIN)
    SegLocalVisualizer._instance_dict.clear()
    runner = Runner.from_cfg(Config.fromfile('plain.py'))
    assert runner.model.num_classes == 4
    runner.train()
    names = runner.train_dataloader.dataset.metainfo['classes']
    assert list(names) == ['background', 'Bär', 'Wolf', 'red fox']
    runner.test()
    assert (my / 'work_dirs/label_maps/results/more/last.png').is_file()
    # the same is read where classes are counted by the command
    cosa('check-data', 'plain.py')


def test_other_options_are_taken(my):
    options = {
        'data_root': 'my',
        'train_dataloader.dataset.img_suffix': '.png',
        'train_dataloader.dataset.metainfo': {'palette': [[0, 0, 0]]},
        'test_dataloader.batch_size': 3,
        'model.network.decode_head': {'channels': 4},
    }
    cfg = read_config('tiny.py', options)
    dataset = cfg.train_dataloader.dataset
    assert dataset.img_suffix == '.png'
    assert dataset.metainfo.palette == [[0, 0, 0]]
    assert cfg.test_dataloader.batch_size == 3
    assert cfg.model.network.decode_head.channels == 4


def test_a_missing_label_file_is_one_sentence(my):
    with pytest.raises(SystemExit, match='no label file my/no.csv; check'):
        cosa('train', 'tiny.py', *OPTIONS[:2], 'label_file=no.csv')


def write_train_masks(folder, masks):
    shutil.rmtree(folder, ignore_errors=True)
    for name, mask in masks.items():
        path = folder / f'{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(path)


def block(id_, shape=(32, 40)):
    mask = np.zeros(shape, np.uint8)
    mask[:20] = id_
    return mask


def test_some_masks_are_trained_with(my, capfd):
    # classes are sorted: Bär, Wolf, red fox
    masks = {'7': block(3), 'more/last': block(2), 'gone': block(1)}
    write_train_masks(my / 'my/corrected', masks)
    options = (*OPTIONS, 'train_masks=corrected')
    cosa('train', 'tiny.py', '--work-dir=mixed', *options)
    text = capfd.readouterr()
    cosa('check-data', 'tiny.py', *options)  # the others have no mask
    assert (
        'trained with masks of 2 of 4 images; 1 masks in my/corrected are of '
        'no training image and are not read, the first is gone.png'
    ) in text.out + text.err
    for name in ('7', 'more/ü'):
        path = my / f'my/scored/{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(block(1)).save(path)
    (my / 'my/val.txt').write_text('7\nmore/ü.JPG\n', encoding='utf-8')
    scored = ('--cfg-options', 'mask_path=scored', 'test_list=val.txt')
    work = ('mixed/iter_2.pth', '--work-dir=mixed_scored')
    cosa('test', 'mixed/tiny.py', *work, *scored)
    (path,) = my.glob('mixed_scored/*/*.json')
    scores = json.loads(path.read_text().splitlines()[-1])
    assert scores['train_masks'] == 2
    # who goes on from it without masks has trained with them all the same
    start = (*OPTIONS, 'load_from=mixed/iter_2.pth')
    cosa('train', 'tiny.py', '--work-dir=later', *start)
    work = ('later/iter_2.pth', '--work-dir=later_scored')
    cosa('test', 'later/tiny.py', *work, *scored)
    (path,) = my.glob('later_scored/*/*.json')
    scores = json.loads(path.read_text().splitlines()[-1])
    assert scores['train_masks'] == 2


@pytest.mark.parametrize(
    ('masks', 'message'),
    [
        ({'gone': block(1)}, 'my/corrected, has no mask of a training image'),
        ({'7': block(9)}, r'7.png holds the ids \[9\], but the 4 classes'),
        ({'7': block(3, (20, 40))}, r'7.png is \(20, 40\), but the image'),
        (
            {'7': np.zeros((32, 40, 3), np.uint8)},
            r'7.png is \(32, 40, 3\), but the image',
        ),
    ],
)
def test_train_masks_that_do_not_fit(my, masks, message):
    write_train_masks(my / 'my/corrected', masks)
    options = (*OPTIONS, 'train_masks=corrected')
    with pytest.raises(SystemExit, match=message):
        cosa('train', 'tiny.py', '--work-dir=bad', *options)
    assert not [*my.glob('bad/*/vis_data/scalars.json')]  # before an iteration
