"""Configs of the second stage: their numbers, and that they train."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import Runner
from mmseg.models import EncoderDecoder
from PIL import Image

from cosa_mmseg.datasets import COCOImageLabelDataset, VOCImageLabelDataset
from tests.datasets.exports import write_export
from tests.datasets.voc_tree import write_mask, write_voc
from tests.golden import ROOT

CONFIGS = ROOT / 'configs' / 'cosa_ms'
ALL = sorted(path.name for path in CONFIGS.glob('*.py'))
LARGE = [name for name in ALL if name != 'shapes.py']
# mmseg's schedule_20k and UPerNet with Swin; iterations: VOC and COCO.
SGD = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005)
ADAMW = dict(type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01)
NUMBERS = {
    'deeplabv2_resnet101': (SGD, 0.9, 4, (20000, 80000)),
    'upernet_swin-b': (ADAMW, 1.0, 2, (40000, 80000)),
}
SIZE = (48, 56)


@pytest.mark.parametrize('name', LARGE)
def test_numbers(name):
    cfg = Config.fromfile(CONFIGS / name)
    stem, _, data = name.removesuffix('.py').rpartition('_')
    column = ('voc', 'coco').index(data)
    optimizer, power, batch_size, max_iters = NUMBERS[stem]
    assert cfg.optim_wrapper.optimizer == optimizer
    decay = cfg.param_scheduler[-1]
    assert (decay.type, decay.power) == ('PolyLR', power)
    assert decay.end == cfg.train_cfg.max_iters == max_iters[column]
    assert cfg.train_cfg.total_batch_size == 16
    assert cfg.train_dataloader.batch_size == batch_size
    assert cfg.model.data_preprocessor.size == (512, 512)
    assert cfg.sync_bn == 'torch'
    heads = [cfg.model.decode_head, cfg.model.get('auxiliary_head')]
    for head in filter(None, heads):
        assert head.num_classes == (21, 81)[column]
        assert head.loss_decode.avg_non_ignore
    if stem == 'deeplabv2_resnet101':
        assert cfg.model.decode_head.dilations == (6, 12, 18, 24)


@pytest.mark.parametrize('name', ALL)
def test_training_reads_pseudo_labels_and_evaluation_masks(name):
    cfg = Config.fromfile(CONFIGS / name)
    train = cfg.train_dataloader.dataset
    assert train.type == 'PseudoLabelDataset'
    assert train.kind == 'seg'
    assert set(train.data_prefix) == {'img_path'}
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.type.endswith('ImageLabelDataset')
        assert loader.dataset.test_mode
        assert 'seg_map_path' in loader.dataset.data_prefix
    for metrics in (cfg.val_evaluator, cfg.test_evaluator):
        names = [metric.type for metric in metrics]
        assert names == ['IoUMetric', 'LabelFilteredIoUMetric']
    init_default_scope('mmseg')
    classes = DATASETS.build(dict(train, lazy_init=True)).metainfo['classes']
    dataset = DATASETS.build(dict(cfg.val_dataloader.dataset, lazy_init=True))
    assert classes == dataset.metainfo['classes']
    assert len(classes) == cfg.model.decode_head.num_classes


def voc_tree(root: Path) -> list[str]:
    """VOC's layout; also the training images have masks."""
    write_voc(
        root, dict(a=['cat'], b=['dog']), SIZE, masks=True, split='train_aug'
    )
    write_voc(root, dict(v=['bottle']), SIZE, masks=True, split='val')
    return ['a', 'b']


def coco_tree(root: Path) -> list[str]:
    """COCO's layout, as its converter leaves it."""
    rng = np.random.default_rng(0)
    for split, names in (('train2014', 'ab'), ('val2014', 'v')):
        (root / split).mkdir()
        for name in names:
            img = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
            Image.fromarray(img).save(root / split / f'{name}.jpg')
    for folder in ('splits', 'image_labels', 'masks'):
        (root / folder).mkdir()
    (root / 'splits/val2014.txt').write_text('v\n')
    labels = json.dumps({'v': ['tv']})
    (root / 'image_labels/val2014.json').write_text(labels)
    write_mask(root / 'masks/val2014/v.png', rng.choice([0, 63, 255], SIZE))
    return ['a', 'b']


TREES = dict(
    voc=(voc_tree, VOCImageLabelDataset),
    coco=(coco_tree, COCOImageLabelDataset),
)


@pytest.fixture
def small_data(tmp_path):
    """From a config's name: the config, on small data and images."""

    def load(name: str) -> Config:
        cfg = Config.fromfile(CONFIGS / name)
        make, dataset = TREES[name.removesuffix('.py').rpartition('_')[2]]
        (tmp_path / 'data').mkdir()
        img_ids = make(tmp_path / 'data')
        classes = dataset.METAINFO['classes']
        label = np.full(SIZE, len(classes) - 1)
        label[:24], label[:8, :8] = 0, 255
        out = write_export(
            tmp_path / 'out', dict.fromkeys(img_ids, label), classes, ['seg']
        )
        for key in ('train', 'val', 'test'):
            loader = cfg[f'{key}_dataloader']
            loader.update(num_workers=0, persistent_workers=False)
            loader.dataset.data_root = str(tmp_path / 'data')
        cfg.train_dataloader.batch_size = 2
        cfg.train_dataloader.dataset.label_root = str(out)
        cfg.model.data_preprocessor.size = (64, 64)
        resize, crop = cfg.train_dataloader.dataset.pipeline[2:4]
        resize.scale, crop.crop_size = (64, 64), (64, 64)
        cfg.val_dataloader.dataset.pipeline[1].scale = (64, 64)
        cfg.model.backbone.init_cfg = None  # the weights are not at hand
        cfg.work_dir = str(tmp_path / 'work')
        cfg.default_hooks.update(checkpoint=None, logger=dict(interval=1))
        return cfg

    return load


@pytest.mark.parametrize(
    ('name', 'millions'),
    [('deeplabv2_resnet101', 93.13), ('upernet_swin-b', 121.2)],
)
@pytest.mark.parametrize('data', ['voc', 'coco'])
def test_it_builds_at_full_size(name, millions, data):
    cfg = Config.fromfile(CONFIGS / f'{name}_{data}.py')
    init_default_scope(cfg.default_scope)
    cfg.model.backbone.init_cfg = None
    model = MODELS.build(cfg.model)
    assert type(model) is EncoderDecoder
    count = sum(p.numel() for p in model.parameters()) / 1e6
    assert count == pytest.approx(millions, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize('name', LARGE)
def test_it_trains_on_small_images(name, small_data):
    cfg = small_data(name)
    # for the test's time: two blocks a stage, few channels
    if 'upernet' in name:
        cfg.model.backbone.depths = [2, 2, 2, 2]
        cfg.model.auxiliary_head.channels = 32
    else:
        cfg.model.backbone.depth = 18
        cfg.model.decode_head.in_channels = 512
    cfg.model.decode_head.channels = 32
    cfg.train_cfg.update(max_iters=2, total_batch_size=2, val_interval=2)
    runner = Runner.from_cfg(cfg)
    runner.train()
    path = next(Path(cfg.work_dir).rglob('scalars.json'))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    losses = [row['loss'] for row in rows if 'loss' in row]
    assert len(losses) == 2
    bias = runner.model.decode_head.conv_seg.bias  # 0 at first
    # chance; the auxiliary loss has the weight .4
    chance = np.log(len(bias)) * (1.4 if 'upernet' in name else 1)
    assert losses[0] == pytest.approx(chance, rel=0.3)
    # the export holds the first and the last class, the masks others
    assert bias[[0, -1]].max() > 0
    assert (bias[1:-1] < 0).all()
    assert {'mIoU', 'mIoU_label_filtered'} <= rows[-1].keys()
