"""Packing of images with image-level labels."""

from collections.abc import Sequence

import torch
from mmengine.registry import TRANSFORMS
from mmengine.structures import LabelData
from mmseg.datasets.transforms import PackSegInputs


@TRANSFORMS.register_module()
class PackImageLabelInputs(PackSegInputs):
    """mmseg's ``PackSegInputs`` for two views and image-level labels.

    - ``inputs``: ``{'weak': img, 'strong': img_strong}`` after
      :class:`TwoViews`, else ``img`` alone (evaluation). Tensors are
      contiguous, of shape (3, H, W), in the dtype and channel order of the
      images (uint8, BGR).
    - ``data_samples``: a ``SegDataSample`` with ``gt_label.label``, the
      foreground classes that are present (int64, 0-based, of any length), if
      the image has a label; if a mask was loaded, ``train_mask`` (1, H, W)
      after :class:`TwoViews`, else ``gt_sem_seg``; and the meta keys, among
      them ``img_id`` and ``valid_box`` (top, bottom, left, right; half open).

    Args:
        meta_keys (Sequence[str], optional): Entries to keep as meta
            information, where they exist. Defaults to None: those of
            ``PackSegInputs``, ``img_id`` and ``valid_box``.
    """

    def __init__(self, meta_keys: Sequence[str] | None = None) -> None:
        usual = (*PackSegInputs().meta_keys, 'img_id', 'valid_box')
        super().__init__(meta_keys or usual)

    def transform(self, results: dict) -> dict:
        """Pack ``results``, which stay as they are."""
        packed = super().transform(results)
        if 'img_strong' in results:
            strong = results['img_strong'].transpose(2, 0, 1).copy()
            packed['inputs'] = dict(
                weak=packed['inputs'], strong=torch.from_numpy(strong)
            )
            sample = packed['data_samples']
            if 'gt_sem_seg' in sample:
                sample.train_mask = sample.gt_sem_seg
                del sample.gt_sem_seg
        if 'gt_label' in results:
            label = torch.tensor(results['gt_label'], dtype=torch.long)
            packed['data_samples'].gt_label = LabelData(label=label)
        return packed
