"""A small training to publish: data, config and checkpoint."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import load_checkpoint
from mmengine.utils import digit_version

from cosa_mmseg.interop.models_out.export import LEAST_TORCH
from cosa_mmseg.models import CoSA
from tests.datasets.voc_tree import voc_cfg, write_mask, write_voc
from tests.models.networks import large_fov, small_model, small_network

NUM_CLASSES = 21
IMAGES = {'a': ['cat', 'dog'], 'b': ['bus']}
SIZE = (40, 56)  # of the image files
SCALE = (64, 48)  # width, height of what the network sees
SLIDE = dict(mode='slide', crop_size=(32, 40), stride=(16, 24))
exports = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version(LEAST_TORCH),
    reason=f'exports need torch>={LEAST_TORCH}',
)


def vit_network(**settings) -> dict:
    """Config of a network on a ViT of mmpretrain, whose heads fit by name."""
    head = dict(type='CAMHead')
    decode_head = large_fov(16, 8, dilation=2)
    del decode_head['in_channels']
    backbone = dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=16,
            num_layers=2,
            num_heads=2,
            feedforward_channels=32,
        ),
        img_size=32,
        patch_size=8,
        out_indices=[0, 1],
        out_type='featmap',
        init_cfg=dict(type='Pretrained', checkpoint='nowhere.pth'),
    )
    config = dict(
        type='CAMEncoderDecoder',
        num_classes=NUM_CLASSES,
        backbone=backbone,
        decode_head=decode_head,
        cam_head=dict(head, in_index=-1),
        cam_head_aux=dict(head, in_index=-2),
    )
    return {**config, **settings}


def cnn_network(**settings) -> dict:
    """Config of a network on a CNN that mmseg does not have."""
    return {**small_network(NUM_CLASSES), 'channels_last': True, **settings}


def training_config(root: Path, network: dict, **settings) -> Config:
    """Write the config of a training, ``tiny.json``; data is below `root`.

    Args:
        root: Folder to write to.
        network: Of both networks.
        **settings: ``test_cfg``, and other keys of the model.
    """
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=SCALE, keep_ratio=False),
        dict(type='LoadAnnotations'),
        dict(type='PackImageLabelInputs'),
    ]
    dataset = dict(
        type='VOCImageLabelDataset',
        **voc_cfg(root, 'val', seg_map_path='SegmentationClass'),
        pipeline=pipeline,
        test_mode=True,
    )
    cfg = Config(
        dict(
            custom_imports=dict(
                imports=['cosa_mmseg', 'tests.models.networks']
            ),
            default_scope='mmseg',
            model=small_model(NUM_CLASSES, network=network, **settings),
            test_pipeline=pipeline,
            test_dataloader=dict(
                batch_size=1,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dataset,
            ),
            test_evaluator=dict(type='IoUMetric', iou_metrics=['mIoU']),
            test_cfg=dict(type='TestLoop'),
            tta_cfg=dict(scales=[1.0, 0.5], mirror=True),
        )
    )
    root.mkdir(parents=True, exist_ok=True)
    cfg.dump(root / 'tiny.json')
    return Config.fromfile(root / 'tiny.json')


def write_training(root: Path, network: dict, **settings) -> Config:
    """Write data, config and ``iter_3.pth`` of a training; see there."""
    write_voc(root, IMAGES, SIZE, split='val')
    rng = np.random.default_rng(0)
    for img_id in IMAGES:
        mask = rng.integers(NUM_CLASSES, size=SIZE)
        write_mask(root / 'SegmentationClass' / f'{img_id}.png', mask)
    cfg = training_config(root, network, **settings)
    checkpoint = dict(
        meta=dict(iter=3, epoch=0),
        state_dict=random_model(cfg).state_dict(),
        optimizer=dict(state={0: torch.ones(1000)}),
        message_hub=dict(log_scalars={}),
    )
    torch.save(checkpoint, root / 'iter_3.pth')
    return cfg


@torch.no_grad()
def random_model(cfg: Config) -> CoSA:
    """A model with random weights, others in each network."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(_without_files(cfg))
    for weight in model.parameters():
        weight.add_(torch.randn_like(weight), alpha=0.2)
    for name, buffer in model.named_buffers():
        if name.endswith('running_mean'):
            buffer.normal_()
    return model


def trained_model(cfg: Config, root: Path, **test_cfg) -> CoSA:
    """The model of the checkpoint, in evaluation mode."""
    init_default_scope('mmseg')
    model_cfg = _without_files(cfg)
    model_cfg.test_cfg.update(test_cfg)
    model = MODELS.build(model_cfg)
    load_checkpoint(model, str(root / 'iter_3.pth'), 'cpu', strict=True)
    return model.eval()


def _without_files(cfg: Config) -> dict:
    model = Config(dict(model=cfg.model.to_dict())).model
    model.network.backbone.pop('init_cfg', None)
    return model
