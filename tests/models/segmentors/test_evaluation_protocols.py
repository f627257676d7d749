"""The evaluation protocols of the configs, on small networks."""

import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import MODELS, init_default_scope
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample

from cosa_mmseg.evaluation.tta import enable_tta
from tests.golden import ROOT, load_tensors
from tests.models.networks import small_model, small_network
from tests.models.segmentors.test_golden_networks import evaluation_case

CONFIGS = ROOT / 'configs' / 'cosa'
PROTOCOLS = [
    CONFIGS / 'cosa_vit-b_voc.py',
    *sorted((CONFIGS / 'evaluation').glob('*.py')),
]


def test_golden_tta_of_the_config():
    """The views of ``--tta`` and the way to the size of the image."""
    data = load_tensors('multiscale_cam_seg')
    network, img = evaluation_case(data)
    logits = data['eval_out_seg_sum']
    cfg = Config.fromfile(CONFIGS / 'cosa_vit-b_voc_released.py')
    enable_tta(cfg)
    config = small_model(
        num_classes=logits.shape[1], test_cfg=cfg.model.test_cfg
    )
    config['assigner']['multi_scale'] = cfg.model.assigner.multi_scale
    model = MODELS.build(config)
    model.assignment = network
    for size in (logits.shape[-2:], (101, 67)):
        sample = SegDataSample(metainfo=dict(ori_shape=tuple(size)))
        (result,) = model.predict(img, [sample])

        def at_size(maps, size=size):
            return resize(maps, size=size, mode='bilinear')[0]

        def close(got, expected, atol):
            torch.testing.assert_close(got, expected, rtol=0, atol=atol)

        expected = at_size(logits)
        close(result.seg_logits.data, expected, 1e-4)
        label = result.seg_logits.data.argmax(0)
        assert torch.equal(result.pred_sem_seg.data[0], label)
        close(result.pred_cam.data, at_size(data['eval_out_cam']), 5e-5)
        close(
            result.pred_cam_aux.data, at_size(data['eval_out_cam_aux']), 5e-5
        )
        # ten views
        score = (data['eval_out_cls_sum'][0] / 10).sigmoid()
        close(result.pred_label.score, score, 1e-5)


@pytest.mark.parametrize('path', PROTOCOLS, ids=lambda path: path.stem)
@pytest.mark.parametrize('tta', [False, True], ids=['one-view', 'tta'])
def test_images_of_odd_sizes_come_back_at_their_size(path, tta, tmp_path):
    cfg = Config.fromfile(path)
    init_default_scope('mmseg')
    if tta:
        enable_tta(cfg)
        cfg.model.test_cfg.scales = [0.5, 1.25]
    model = MODELS.build(
        small_model(
            network=small_network(4, width=2), test_cfg=cfg.model.test_cfg
        )
    ).eval()
    seen = []
    model.assignment.backbone.register_forward_hook(
        lambda _, inputs, __: seen.append(inputs[0].shape[-2:])
    )
    pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
    img_path, mask_path = str(tmp_path / 'a.jpg'), str(tmp_path / 'a.png')
    for size in ((75, 101), (103, 77)):
        mmcv.imwrite(np.full((*size, 3), 90, np.uint8), img_path)
        mmcv.imwrite(np.zeros(size, np.uint8), mask_path)
        sample = dict(
            img_path=img_path,
            seg_map_path=mask_path,
            reduce_zero_label=False,
            seg_fields=[],
        )
        batch = pseudo_collate([pipeline(sample)])
        (result,) = model.test_step(batch)
        assert result.seg_logits.data.shape == (4, *size)
        assert result.pred_sem_seg.data.shape == (1, *size)
        assert result.pred_cam.data.shape == (3, *size)
        assert result.gt_sem_seg.data.shape == (1, *size)
    assert all(side % 16 == 0 for shape in seen for side in shape)
    if 'slide' in path.stem:
        assert max(max(shape) for shape in seen) <= 448
    if not tta:
        assert {min(shape) for shape in seen} == {448}
    if 'whole' in path.stem and not tta:
        assert seen == [(448, 608), (592, 448)]
