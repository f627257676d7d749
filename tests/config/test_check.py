"""What the check of configs finds, and that it refuses no good config."""

import logging
import re
from collections.abc import Sequence

import pytest
from mmengine.config import Config
from mmengine.registry import HOOKS, MODELS
from torch import nn

from cosa_mmseg.config import check
from cosa_mmseg.config.check import check_config
from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.config.settings import log_warmup
from cosa_mmseg.models.pseudo_labels import DynamicThreshold
from cosa_mmseg.utils.config_errors import ConfigError, naming_the_key
from cosa_mmseg.utils.config_parameters import (
    annotations,
    describe,
    fits,
)
from tests.cli.test_custom_data import TINY, write_pictures
from tests.golden import ROOT

CONFIGS = sorted(
    str(path.relative_to(ROOT / 'configs'))
    for path in (ROOT / 'configs').rglob('*.py')
    if '_base_' not in path.parts
)


def load(name, folder):
    """A config of this project, without the weights that it starts from."""
    options = {}
    if name.endswith('custom.py'):
        (folder / 'labels.csv').write_text('image,labels\na,cat;dog\n')
        options = dict(data_root=str(folder))
    cfg = read_config(str(ROOT / 'configs' / name), options, str(folder))
    for _, node in check.dicts_in(cfg._cfg_dict):
        if isinstance(node.get('init_cfg'), dict):
            node.init_cfg = None
    return cfg


@pytest.mark.parametrize('name', CONFIGS)
def test_configs_of_this_project_pass(name, tmp_path, monkeypatch):
    cfg = load(name, tmp_path)
    monkeypatch.setattr(check, '_build_data', lambda *args: None)
    if 'shapes' not in name:  # others build a larger model, in test_configs.py
        model = nn.Linear(1, 1)
        cfg.optim_wrapper.pop('constructor', None)
        monkeypatch.setattr(check, 'build_model', lambda cfg: model)
    before = cfg.pretty_text if 'shapes' in name else None
    check_config(cfg)
    assert before is None or cfg.pretty_text == before


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A small config with pictures, which passes."""
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path, 'my')
    (tmp_path / 'tiny.py').write_text(TINY)
    options = dict(data_root='my', label_file='labels.csv')
    return read_config('tiny.py', options)


def test_what_passes_leaves_nothing(tiny, tmp_path, capfd):
    before = sorted(tmp_path.rglob('*')), tiny.to_dict()
    check_config(tiny)
    assert (sorted(tmp_path.rglob('*')), tiny.to_dict()) == before
    assert 'WARNING' not in ''.join(capfd.readouterr())


def refused(cfg):
    with pytest.raises(ConfigError) as caught:
        check_config(cfg)
    return str(caught.value)


def test_classes_of_the_data_are_those_of_the_heads(tiny):
    tiny.model.network.num_classes = 7
    assert refused(tiny).startswith(
        'model.network.num_classes=7, but train_dataloader.dataset has 4 '
        'classes (background, Bär, Wolf, ...)'
    )
    tiny.model.network.cam_head.num_classes = 4
    assert 'cam_head.num_classes=4 differs from network.' in refused(tiny)


def test_batches_of_all_processes_make_the_total(tiny, monkeypatch):
    tiny.launcher = 'pytorch'
    monkeypatch.setenv('WORLD_SIZE', '3')
    assert 'batch_size=2 times 3 process(es), got 4' in refused(tiny)
    monkeypatch.setenv('WORLD_SIZE', '2')
    check_config(tiny)


def test_missing_arguments_types_and_files(tiny):
    tiny.model.loss_c2s = dict(loss_weight=1)
    assert refused(tiny).startswith('model.loss_c2s must have a `type`, got ')
    tiny.model.loss_c2s = dict(type='C2SLoss')
    tiny.model.assigner.pop('cam_labeler')
    assert "'cam_labeler'" in refused(tiny)
    tiny.model.assigner.cam_labeler = dict(type='ThresholdLabeler')
    assert refused(tiny) == "model.assigner.cam_labeler lacks 'threshold'"
    tiny.model.assigner.cam_labeler.threshold = dict(type='FixedThreshold')
    tiny.model.network.backbone.init_cfg = dict(
        type='Pretrained', checkpoint='no.pth'
    )
    assert refused(tiny).startswith(
        "model.network.backbone.init_cfg.checkpoint='no.pth' is no file"
    )


@pytest.mark.parametrize(
    ('registry', 'node', 'words'),
    [
        (MODELS, dict(type='mmseg.FCNHead', num_convz=1), 'head.num_convz=1 '),
        (MODELS, dict(type='mmseg.ResNet', depth=7), 'head: invalid depth 7'),
        (
            MODELS,
            dict(
                type='mmseg.FCNHead',
                in_channels=4,
                channels=2,
                num_classes=3,
                sampler='OHEMPixelSampler',
            ),
            "head: cfg should be a dict.* <class 'str'>",
        ),
        (HOOKS, dict(type='LoggerHook', interval='x'), 'interval'),
    ],
)
def test_parts_of_other_packages_are_named(registry, node, words):
    cfg = Config(dict(head=node)).head
    with (
        pytest.raises(ConfigError, match=words),
        naming_the_key(cfg, 'head'),
    ):
        registry.build(cfg)


def test_errors_of_other_kinds_pass():
    with pytest.raises(RuntimeError, match='a bug'), naming_the_key({}):
        raise RuntimeError('a bug')


@pytest.mark.parametrize(
    ('kind', 'words', 'good', 'bad'),
    [
        (int, 'a whole number', [0, -3], [True, 1.5, '1', None]),
        (float, 'a number', [0, 2.5], [float('nan'), False, '1', [1]]),
        (bool, 'True or False', [True], [0, 'yes']),
        (str | None, 'a string or None', ['', None], [3, ['a']]),
        (dict, 'a dict', [{}], [[], 'a']),
        (
            Sequence[float],
            'a list, each item a number',
            [[], (1, 2.5)],
            ['12', 3, ['a']],
        ),
        (
            tuple[int, int],
            '(a whole number, a whole number)',
            [(1, 2), [3, 4]],
            [(1,), [1, 2, 3], 3],
        ),
    ],
)
def test_types(kind, words, good, bad):
    assert describe(kind) == words
    assert all(fits(value, kind) for value in good)
    assert not any(fits(value, kind) for value in bad)


def test_types_of_arguments_that_are_handed_on():
    found = annotations(DynamicThreshold, 'cosa_mmseg')
    assert found['initial'] is float  # and not that of the base
    assert found['decay'] is float


def test_parts_that_are_no_dicts(tiny):
    tiny.optim_wrapper.optimizer = dict(lr=1)
    assert 'optim_wrapper' in refused(tiny)
    for name in ('optim_wrapper', 'train_cfg', 'train_dataloader', 'model'):
        tiny[name] = 5
        assert refused(tiny) == f'{name} must be a dict, got 5'
        tiny[name] = dict(type='x')


def test_optimisers_that_are_fine(tiny):
    wrapper = tiny.optim_wrapper
    wrapper.clip_grad = dict(max_norm=1, norm_type='inf')
    keys = wrapper.paramwise_cfg.custom_keys
    keys['online.backbone'] = dict(lr_mult=0.1, decay_mult=0, betas=(0.5, 0.9))
    keys.norm = dict(decay_mult=0.0)
    keys.absolute_pos_embed = dict(decay_mult=0.0)  # another backbone has it
    check_config(tiny)
    wrapper.clip_grad = dict(type='value', clip_value=0.5)
    wrapper.pop('paramwise_cfg')
    tiny.param_scheduler = None
    tiny.default_hooks.logger = None
    check_config(tiny)


@pytest.fixture
def scored(tiny):
    """The small config with masks, which are not read."""
    options = dict(data_root='my', label_file='labels.csv', mask_path='masks')
    return read_config('tiny.py', options)


def test_pictures_of_images_that_the_validation_set_has(scored):
    cfg = scored
    cfg.default_hooks.pictures.images = ['7.jpg', 'more/last.bmp']
    check_config(cfg)
    cfg.default_hooks.pictures.images = ['7.jpg', '7']
    said = refused(cfg)
    assert re.match("default_hooks.pictures: .*has '7',.* as '7.jpg'", said)


def test_pictures_of_images_that_the_test_set_has(tiny):
    pictures = tiny.default_hooks.pictures
    pictures.images = ['7.jpg', 0]
    check_config(tiny)
    pictures.images = ['7']
    said = refused(tiny)
    assert re.match("default_hooks.pictures: .*has '7',.* as '7.jpg'", said)
    pictures.images = 4
    tiny.test_dataloader.dataset.ann_file = 'no.txt'
    assert 'my/no.txt' in refused(tiny)
    pictures.images = 0
    check_config(tiny)  # the test set is not read


def test_pictures_that_are_scored_have_labels(scored, tmp_path):
    names = ['7.jpg', 'a picture.png', 'more/last.bmp', 'more/ü.JPG']
    (tmp_path / 'my/all.txt').write_text('\n'.join(names))
    (tmp_path / 'my/labels.csv').write_text(
        'image,labels\n7.jpg,red fox\nmore/ü.JPG,Bär;Wolf\n'
    )
    scored.val_dataloader.dataset.ann_file = 'all.txt'
    assert refused(scored) == (
        'val_evaluator: LabelFilteredIoUMetric needs the image-level labels '
        'of all images, but 2 of the 4 of val_dataloader.dataset have none; '
        "the first is 'a picture.png': add them to label_file, or leave such "
        'metrics out'
    )
    online = dict(type='OnlineNetworkMetric')
    for kind in ('CAMIoUMetric', 'ClassificationMetric'):
        scored.val_evaluator = [dict(online, metrics=[dict(type=kind)])]
        assert f'{kind} needs' in refused(scored)
    plain = dict(type='IoUMetric', iou_metrics=['mIoU'])
    scored.val_evaluator = [plain, dict(online, metrics=[plain])]
    check_config(scored)


@pytest.mark.parametrize(
    ('warmup', 'level'),
    [(1, None), (2, 'INFO'), (6000, 'WARNING')],
)
def test_a_training_that_is_shorter_than_its_warm_up(
    tiny, warmup, level, caplog
):
    tiny.model.train_cfg.warmup_iters = warmup
    with caplog.at_level('INFO'):
        log_warmup(tiny, logging.getLogger('a'))
    assert [record.levelname for record in caplog.records] == (
        [level] if level else []
    )
    assert not level or caplog.messages[0].startswith(
        f'model.train_cfg.warmup_iters={warmup} is not below train_cfg.'
        'max_iters=2: only the classification'
    )


def test_other_trainings_have_no_warm_up(tiny, caplog):
    tiny.model.pop('train_cfg')
    log_warmup(tiny, logging.getLogger('a'))
    tiny.train_cfg = dict(by_epoch=True, max_epochs=2)
    tiny.model.train_cfg = dict(warmup_iters=5)
    log_warmup(tiny, logging.getLogger('a'))
    assert not caplog.records


def test_a_hook_that_is_none_is_left_out(tiny):
    options = dict(data_root='my', label_file='labels.csv')
    off = {'default_hooks.report': None, 'default_hooks.timer': None}
    cfg = read_config('tiny.py', {**options, **off})
    assert 'report' not in cfg.default_hooks
    assert cfg.default_hooks.timer is None  # mmengine adds one otherwise
    check_config(cfg)
