"""Pseudo labels against the released code's."""

import re

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from cosa_mmseg.models.ops.cam import cam_to_label, restrict_cam
from cosa_mmseg.models.pseudo_labels import (
    DualThresholdLabeler,
    PixelAdaptiveRefinement,
    RestrictedSoftmax,
)
from cosa_mmseg.models.pseudo_labels.restricted_softmax import restrict_logits
from cosa_mmseg.structures import stack_valid_mask
from tests.golden import load_tensors


def cases(data: dict) -> list[str]:
    """Prefixes of the cases of a file: ``c20_``, ``c6_``, ..."""
    return sorted({name.split('_')[0] + '_' for name in data})


def valid_masks(boxes, size) -> torch.Tensor:
    """Boxes as they travel with the samples, as masks (N, H, W)."""
    samples = []
    for box in boxes:
        # a negative end counts from the far side, as in a Python slice
        ends = [
            int(end) + (side if end < 0 else 0)
            for end, side in zip(
                box, (size[0],) * 2 + (size[1],) * 2, strict=True
            )
        ]
        samples.append(SegDataSample(metainfo=dict(valid_box=tuple(ends))))
    return stack_valid_mask(samples, size, 'cpu')


def test_golden_valid_cam_and_labels():
    data = load_tensors('cam_to_masks')
    for case in cases(data):
        cam, label = data[f'{case}in_cams'], data[f'{case}in_labels']
        valid = restrict_cam(cam, label)
        assert torch.equal(valid, data[f'{case}out_valid_cam'])
        box = valid_masks(data[f'{case}in_boxes'], cam.shape[-2:])
        count = 0
        for name, expected in data.items():
            found = re.fullmatch(
                rf'{case}out_label_bg([\d.]+)_(nobox|box)(_nolabels)?'
                r'(?:_mid([\d.]+)_([\d.]+))?_mask',
                name,
            )
            if not found:
                continue
            threshold, boxed, unrestricted, *two = found.groups()
            if any(two):
                continue  # two thresholds on the CAM itself: we have none
            got, _ = cam_to_label(
                cam if unrestricted else valid,
                float(threshold),
                box if boxed == 'box' else torch.ones_like(box),
            )
            assert torch.equal(got, expected.long()), name
            count += 1
        assert count > 0


@pytest.mark.parametrize('refined', [False, True])
def test_golden_dual_threshold_labels(refined):
    data, count = load_tensors('cam_to_masks'), 0
    for case in cases(data):
        cam, label = data[f'{case}in_cams'], data[f'{case}in_labels']
        img = data[f'{case}in_images_u8'].float() / 255
        for name, expected in data.items():
            found = re.fullmatch(
                rf'{case}out_(par_)?hi([\d.]+)_lo([\d.]+)_ds(\d+)'
                r'(_evalbox)?_mask',
                name,
            )
            if not found or bool(found[1]) != refined:
                continue
            _, high, low, downscale, evalbox = found.groups()
            labeler = DualThresholdLabeler(
                low=float(low),
                high=float(high),
                downscale=max(int(downscale), 1),
                refiner=dict(type='PixelAdaptiveRefinement')
                if refined
                else None,
            )
            boxes = data[f'{case}in_boxes']
            if evalbox:
                boxes = torch.tensor([[0, -1, 0, -1]] * len(cam))
            valid = valid_masks(boxes, cam.shape[-2:])
            got = labeler(cam, label, valid, img).label
            differ = (got != expected).float().mean()
            assert differ <= (0.01 if refined else 0), (name, differ)
            count += 1
    assert count > 0


def test_golden_refinement():
    data, count = load_tensors('pixel_adaptive_refinement'), 0
    img = data['in_images_u8'].float() / 255
    for name, expected in data.items():
        found = re.fullmatch(r'out_iters(\d+)(?:_dil([\d_]+))?', name)
        if not found:
            continue
        iters, dilations = found.groups()
        settings = dict(num_iters=int(iters))
        if dilations:
            settings['dilations'] = [int(d) for d in dilations.split('_')]
        got = PixelAdaptiveRefinement(**settings)(data['in_masks'], img)
        np.testing.assert_allclose(got, expected, atol=1e-5, rtol=0)
        count += 1
    assert count > 0


def test_golden_restricted_softmax():
    data = load_tensors('seg_restrict_to_labels')
    for case in cases(data):
        logits, label = data[f'{case}in_logits'], data[f'{case}in_labels']
        restricted = restrict_logits(logits, label)
        assert torch.equal(restricted, data[f'{case}out_validation'])
        count = 0
        for name, expected in data.items():
            if found := re.fullmatch(rf'{case}out_temp([\d.]+)_after0', name):
                got = RestrictedSoftmax(float(found[1]))(logits, label)
                np.testing.assert_allclose(got, expected, atol=2e-5, rtol=0)
                count += 1
        assert count > 0
