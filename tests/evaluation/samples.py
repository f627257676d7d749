"""Data samples as the segmentor returns them, made by hand."""

import torch
from mmengine.structures import LabelData, PixelData
from mmseg.structures import SegDataSample

META = {'classes': ('background', 'cat', 'dog', 'bus')}
NUM_CLASSES = len(META['classes'])


def random_sample(seed: int, size: tuple[int, int] = (13, 17)) -> dict:
    """An evaluated image of 3 foreground classes, as metrics receive it."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    mask = (uniform(1, *size) * NUM_CLASSES).long()
    label = (uniform(NUM_CLASSES - 1) < 0.6).nonzero()[:, 0]
    mask[~torch.isin(mask, label + 1)] = 0
    mask[uniform(1, *size) < 0.1] = 255
    logits = uniform(NUM_CLASSES, *size)
    sample = SegDataSample(metainfo={'img_path': f'images/{seed}.jpg'})
    sample.gt_sem_seg = PixelData(data=mask)
    sample.gt_label = LabelData(label=label)
    sample.seg_logits = PixelData(data=logits)
    sample.pred_sem_seg = PixelData(data=logits.argmax(0, keepdim=True))
    sample.pred_cam = PixelData(data=uniform(NUM_CLASSES - 1, *size))
    sample.pred_cam_aux = PixelData(data=uniform(NUM_CLASSES - 1, *size))
    sample.pred_label = LabelData(score=uniform(NUM_CLASSES - 1))
    return sample.to_dict()
