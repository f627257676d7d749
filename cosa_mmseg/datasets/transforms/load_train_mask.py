"""Loading of masks that only some of the training images have."""

from mmengine.registry import TRANSFORMS
from mmseg.datasets.transforms import LoadAnnotations

from ..bad_files import BadFileError


@TRANSFORMS.register_module()
class LoadTrainMask(LoadAnnotations):
    """mmseg's ``LoadAnnotations`` where a sample has a mask.

    Put it behind the image's loader.
    """

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map`` (h, w), if there is a ``seg_map_path``.

        Raises:
            BadFileError: It has not the size of the image, or has channels.
        """
        if 'seg_map_path' not in results:
            return results
        results = super().transform(results)
        size = results['gt_seg_map'].shape
        if 'img' in results and size != results['img'].shape[:2]:
            raise BadFileError(
                f'{results["seg_map_path"]} is {size}, but the image '
                f'{results["img_path"]} is {results["img"].shape[:2]}: masks '
                'have one number a pixel, and the size of their images'
            )
        return results
