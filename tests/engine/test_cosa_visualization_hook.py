"""Pictures of fixed images while a model learns."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from cosa_mmseg.engine.hooks import CoSAVisualizationHook
from cosa_mmseg.engine.hooks.cosa_visualization_hook import (
    build_test_set,
    find_images,
)
from cosa_mmseg.models import CoSA
from tests.engine.watched_runs import DrawRandomNumbers, train, watched_config


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    root = tmp_path_factory.mktemp('shapes') / 'set'
    write_shapes(root, num_train=8, num_eval=4, size=48)
    return root


def pictures(work_dir):
    return sorted(path.name for path in work_dir.rglob('vis_image/*.png'))


def val_steps(cfg):
    cfg.val_dataloader.dataset.pipeline.insert(
        0, dict(type=DrawRandomNumbers.__name__)
    )
    return cfg


def test_pictures_change_nothing_and_are_at_each_time(shapes, tmp_path):
    event_accumulator = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator'
    )
    watched = val_steps(watched_config(shapes, tmp_path / 'watched'))
    watched.default_hooks.pictures.update(
        images=['val_00002', 0], interval=1, width=48
    )
    watched.visualizer.vis_backends.append(dict(type='TensorboardVisBackend'))
    plain = val_steps(watched_config(shapes, tmp_path / 'plain'))
    plain.default_hooks.pictures.images = 0
    models = [train(cfg).model.state_dict() for cfg in (watched, plain)]
    for name, tensor in models[1].items():
        assert torch.equal(models[0][name], tensor), name
    assert pictures(tmp_path / 'plain') == []
    names = [
        f'watch_val_0000{image}_{step}.png'
        for image in (0, 2)
        for step in (1, 2, 3, 4)
    ]
    assert pictures(tmp_path / 'watched') == names
    (log,) = (tmp_path / 'watched').rglob('events.out.tfevents*')
    events = event_accumulator.EventAccumulator(str(log))
    events.Reload()
    assert events.Tags()['images'] == ['watch_val_00002', 'watch_val_00000']
    steps = [event.step for event in events.Images('watch_val_00002')]
    assert steps == [1, 2, 3, 4]
    assert [event.step for event in events.Scalars('mIoU')] == [2, 4]


def test_shipped_configs_draw_at_validations(shapes, tmp_path):
    train(watched_config(shapes, tmp_path, train_cfg__max_iters=2))
    names = [f'watch_val_0000{image}_2.png' for image in range(4)]
    assert pictures(tmp_path) == names
    first = next(tmp_path.rglob(names[0]))
    assert Image.open(first).size[0] == 5 * 224 + 4 * 6 + 2 * 12


def test_without_validation_the_test_set_is_drawn_without_masks(
    shapes, tmp_path
):
    cfg = watched_config(shapes, tmp_path)
    init_default_scope('mmseg')
    dataset = build_test_set(cfg)
    sample = dataset[0]['data_samples']
    assert 'gt_label' in sample and 'gt_sem_seg' not in sample
    assert build_test_set({}) is None


def test_images_are_spread_or_chosen(shapes, tmp_path):
    init_default_scope('mmseg')
    cfg = watched_config(shapes, tmp_path).val_dataloader.dataset
    dataset = DATASETS.build(cfg)
    assert find_images(dataset, 2) == [0, 3]
    assert find_images(dataset, 9) == [0, 1, 2, 3]
    assert find_images(dataset, ['val_00003', 1]) == [3, 1]
    for wrong in ('val_3', 4, -1):
        with pytest.raises(ValueError, match=f'has {wrong!r}, which is neit'):
            find_images(dataset, [0, wrong])


@pytest.mark.parametrize(
    ('name', 'least'), [('images', 0), ('interval', 1), ('width', 1)]
)
def test_numbers_are_not_too_low(name, least):
    message = f'{name} must be at least {least}, got {least - 1}'
    with pytest.raises(ValueError, match=message):
        CoSAVisualizationHook(**{name: least - 1})


def test_images_without_label_are_left_out():
    class Images(list):
        metainfo: dict = {}

    labelled, bare = dict(data_samples=['gt_label']), dict(data_samples=[])
    hook = CoSAVisualizationHook(images=2)
    warnings: list[str] = []
    runner = SimpleNamespace(
        model=object.__new__(CoSA),
        val_loop=True,
        val_dataloader=SimpleNamespace(dataset=Images([labelled, bare])),
        logger=SimpleNamespace(warning=warnings.append),
    )
    hook.before_train(runner)
    assert hook._samples == [labelled]
    assert '1 of 2 images have no image-level label' in warnings[0]
