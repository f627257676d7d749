"""MS COCO 2014 with image-level labels."""

from mmengine.registry import DATASETS

from cosa_mmseg.utils.palette import voc_palette

from .image_level import ImageLabelDataset

# fmt: off
COCO_CLASSES = (
    'background', 'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus',
    'train', 'truck', 'boat', 'traffic light', 'fire hydrant', 'stop sign',
    'parking meter', 'bench', 'bird', 'cat', 'dog', 'horse', 'sheep', 'cow',
    'elephant', 'bear', 'zebra', 'giraffe', 'backpack', 'umbrella', 'handbag',
    'tie', 'suitcase', 'frisbee', 'skis', 'snowboard', 'sports ball', 'kite',
    'baseball bat', 'baseball glove', 'skateboard', 'surfboard',
    'tennis racket', 'bottle', 'wine glass', 'cup', 'fork', 'knife', 'spoon',
    'bowl', 'banana', 'apple', 'sandwich', 'orange', 'broccoli', 'carrot',
    'hot dog', 'pizza', 'donut', 'cake', 'chair', 'couch', 'potted plant',
    'bed', 'dining table', 'toilet', 'tv', 'laptop', 'mouse', 'remote',
    'keyboard', 'cell phone', 'microwave', 'oven', 'toaster', 'sink',
    'refrigerator', 'book', 'clock', 'vase', 'scissors', 'teddy bear',
    'hair drier', 'toothbrush',
)
# fmt: on


@DATASETS.register_module()
class COCOImageLabelDataset(ImageLabelDataset):
    """MS COCO 2014: 80 classes and the background.

    Foreground classes are the 80 detection categories in the order of their
    category ids (1, 2, ..., 90, of which 80 are in use), so that category 1,
    ``person``, is segmentation id 1. Images are named as in the release, such
    as ``train2014/COCO_train2014_000000000009.jpg``; an image id is that name
    without folder and suffix. Lists, labels and masks are made by
    ``cosa prepare coco``.

    Colours: :func:`voc_palette`.

    Args:
        ann_file (str): The image list, relative to ``data_root``.
        label_file (str): JSON ``{image id: [class name, ...]}``. About 700 of
            the 82,783 images of ``train2014`` show no class: the converter
            does not list them, and those that are listed are dropped.
        **kwargs: See :class:`ImageLabelDataset`.
    """

    METAINFO = dict(classes=COCO_CLASSES, palette=voc_palette(81))
    trains_with_empty_labels = False
