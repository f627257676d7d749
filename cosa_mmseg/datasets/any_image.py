"""Decoding of images, by OpenCV or by Pillow."""

import io

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import BaseTransform, LoadImageFromFile
from PIL import Image

# Kinds of 8 bits: of others Pillow cuts the values off
_MODES = ('1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'RGBX', 'CMYK', 'YCbCr')


class AnyImageLoader(LoadImageFromFile):
    """``LoadImageFromFile`` that asks Pillow for what OpenCV does not decode.

    These are images of 8 bits a channel such as TGA, PCX and PSD. Whatever
    OpenCV decodes is as it is with mmcv's transform.
    """

    def transform(self, results: dict) -> dict | None:
        """Load ``img`` of ``img_path``; raises as mmcv's transform does."""
        try:
            return super().transform(results)
        except Exception:
            img = self._ask_pillow(results['img_path'])
            if img is None:
                raise
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results

    def _ask_pillow(self, path: str) -> np.ndarray | None:
        """Return the image, (H, W, 3) BGR; None if Pillow does not read it."""
        try:
            content = fileio.get(path, backend_args=self.backend_args)
            if Image.open(io.BytesIO(content)).mode not in _MODES:
                return None
            img = mmcv.imfrombytes(content, self.color_type, backend='pillow')
        except Exception:  # as many kinds as there are decoders
            return None
        return img.astype(np.float32) if self.to_float32 else img


def accept_any_image(step: BaseTransform) -> BaseTransform:
    """Return a step of a pipeline that asks Pillow, too, if it loads images.

    Args:
        step (BaseTransform): Any step; all but mmcv's own
            ``LoadImageFromFile`` are returned as they are.
    """
    if type(step) is LoadImageFromFile:
        return AnyImageLoader(**vars(step))
    return step
