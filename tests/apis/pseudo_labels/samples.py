"""A small trained model and a small data set to export."""

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import LabelData
from mmseg.structures import SegDataSample
from PIL import Image

from cosa_mmseg.models import CoSA
from tests.datasets.voc_tree import write_mask, write_xml
from tests.models.networks import small_assigner, small_model

CLASSES = ('background', 'star', 'moon', 'sun')
PALETTE = [[0, 0, 0], [250, 10, 10], [10, 250, 10], [10, 10, 250]]
# id: size (h, w), image-level label
IMAGES = {
    'a': ((24, 32), ['star']),
    'b': ((40, 20), ['moon', 'sun']),
    'empty': ((24, 32), []),
    'thin': ((24, 1), ['sun']),
    'c': ((24, 32), ['star', 'sun']),
}
XI = 0.62  # far from the config's .5
DYNAMIC = dict(
    type='ThresholdLabeler',
    threshold=dict(type='DynamicThreshold', num_images=6, grid=(8, 8)),
)
DUAL = dict(type='DualThresholdLabeler', low=0.3, high=0.6)
REFINED = dict(DUAL, refiner=dict(type='PixelAdaptiveRefinement', num_iters=2))


def model_config(cam_labeler: dict = DYNAMIC, **settings) -> dict:
    """Config of a small CoSA with this labeler."""
    assigner = small_assigner(cam_labeler=cam_labeler)
    return small_model(len(CLASSES), assigner=assigner, **settings)


@torch.no_grad()
def trained_model(cam_labeler: dict = DYNAMIC, **settings) -> CoSA:
    """A model as a checkpoint may hold it, in evaluation mode."""
    init_default_scope('mmseg')
    torch.manual_seed(1)
    model = MODELS.build(model_config(cam_labeler, **settings)).eval()
    head = model.assignment.decode_head
    for module in (*head.convs, head.conv_seg):
        # more varied than the initial ones: no class is everywhere
        module = getattr(module, 'conv', module)
        module.weight.normal_()
        module.weight -= module.weight.mean(dim=1, keepdim=True)
    for name, value in model.state_dict().items():
        if name.endswith('threshold.xi'):
            value.fill_(XI)
    return model


def batch(
    labels: list[list[int]],
    size: tuple[int, int] = (24, 32),
    ori_shape: tuple[int, int] | None = None,
) -> dict:
    """Images as an evaluation pipeline gives them, collated."""
    generator = torch.Generator().manual_seed(0)
    imgs = [
        torch.randint(0, 256, (3, *size), generator=generator).byte()
        for _ in labels
    ]
    samples = [
        SegDataSample(
            gt_label=LabelData(label=torch.tensor(label, dtype=torch.long)),
            metainfo=dict(ori_shape=ori_shape or size, img_path=f'{i}.jpg'),
        )
        for i, label in enumerate(labels)
    ]
    return dict(inputs=imgs, data_samples=samples)


def write_split(root: Path) -> None:
    """`IMAGES` in the layout of VOC, as PNG; random masks but of ``c``."""
    rng = np.random.default_rng(0)
    for name in ('JPEGImages', 'Annotations', 'masks'):
        (root / name).mkdir(parents=True)
    for img_id, ((h, w), label) in IMAGES.items():
        img = rng.integers(0, 256, (h, w, 3), dtype=np.uint8)
        Image.fromarray(img).save(root / 'JPEGImages' / f'{img_id}.png')
        write_xml(root / 'Annotations' / f'{img_id}.xml', label)
        if img_id != 'c':
            mask = rng.choice([0, 1, 2, 3, 255], (h, w))
            write_mask(root / 'masks' / f'{img_id}.png', mask)
    (root / 'train.txt').write_text(''.join(f'{i}\n' for i in IMAGES))


def export_config(root: Path, scale: tuple[int, int] | None = None) -> Config:
    """Config that trains on the split, which it also writes beside it.

    Images are resized to `scale` (w, h).  The training pipeline is one that
    the export must not use.
    """
    pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
    if scale is not None:
        pipeline.insert(1, dict(type='Resize', scale=scale))
    pipeline.append(dict(type='PackImageLabelInputs'))
    dataset = dict(
        type='VOCImageLabelDataset',
        data_root=str(root),
        data_prefix=dict(img_path='JPEGImages', ann_xml='Annotations'),
        ann_file='train.txt',
        img_suffix='.png',
        metainfo=dict(classes=CLASSES, palette=PALETTE),
    )
    cfg = Config(
        dict(
            custom_imports=dict(imports=['tests.models.networks']),
            default_scope='mmseg',
            model=model_config(),
            train_dataloader=dict(
                dataset=dict(dataset, pipeline=[dict(type='RandomScale')])
            ),
            test_dataloader=dict(dataset=dict(dataset, pipeline=pipeline)),
        )
    )
    cfg.dump(root / 'small.json')
    return Config.fromfile(root / 'small.json')
