"""A small tree in the layout of MS COCO 2014, made by the tests."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from cosa_mmseg.datasets.coco import COCO_CLASSES

SIZE = (6, 8)  # height and width of the images
GAPS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)  # category ids not in use
CATEGORY_IDS = [i for i in range(1, 91) if i not in GAPS]
PERSON, CAT, DOG, TV, HAIR_DRIER, TOOTHBRUSH = 1, 17, 18, 72, 89, 90
IMAGE_IDS = {'train2014': (30, 9, 25), 'val2014': (99, 42, 73)}


def box(left, top, right, bottom):
    """Polygon of the pixels left..right-1, top..bottom-1."""
    return [left, top, right, top, right, bottom, left, bottom]


def runs(*counts):
    """Uncompressed run lengths, column by column, of 0 and 1 in turn."""
    return dict(size=list(SIZE), counts=list(counts))


# (image, category, crowd, segmentation) in the order of the file
ANNOTATIONS = {
    'train2014': [
        (9, TV, 1, runs(0, 48)),
        (30, HAIR_DRIER, 0, [box(0, 0, 2, 2)]),
        (9, PERSON, 0, [box(0, 0, 2, 2)]),
        (9, PERSON, 0, [box(4, 0, 6, 2)]),
    ],
    'val2014': [
        (42, PERSON, 1, runs(42, 6)),  # the last column
        (42, PERSON, 0, [box(1, 1, 4, 3)]),
        (73, DOG, 0, runs(0, 6, 42)),  # the first column
        (42, CAT, 0, [box(3, 2, 6, 5)]),
        (42, TOOTHBRUSH, 0, [box(0, 4, 2, 6), box(6, 0, 8, 2)]),
        (42, PERSON, 1, runs(18, 6, 24)),  # the fourth column
    ],
}
LABELS = {
    'train2014': {
        'COCO_train2014_000000000009': ['person', 'tv'],
        'COCO_train2014_000000000025': [],
        'COCO_train2014_000000000030': ['hair drier'],
    },
    'val2014': {
        'COCO_val2014_000000000042': ['person', 'cat', 'toothbrush'],
        'COCO_val2014_000000000073': ['dog'],
        'COCO_val2014_000000000099': [],
    },
}
# Worked by hand: at row 2, column 3 the cat comes after the person.
MASKS = {
    'COCO_val2014_000000000042': [
        [0, 0, 0, 255, 0, 0, 80, 80],
        [0, 1, 1, 1, 0, 0, 80, 80],
        [0, 1, 1, 16, 16, 16, 0, 255],
        [0, 0, 0, 16, 16, 16, 0, 255],
        [80, 80, 0, 16, 16, 16, 0, 255],
        [80, 80, 0, 255, 0, 0, 0, 255],
    ],
    'COCO_val2014_000000000073': [[17, 0, 0, 0, 0, 0, 0, 0]] * 6,
    'COCO_val2014_000000000099': [[0] * 8] * 6,
}


def instances(split: str) -> dict:
    """The content of an annotation file, its keys in the release's order."""
    height, width = SIZE
    return dict(
        info=dict(description='COCO 2014 Dataset', year=2014, version='1.0'),
        images=[
            dict(
                license=5,
                file_name=f'COCO_{split}_{image_id:012d}.jpg',
                coco_url=f'http://images.cocodataset.org/{split}/{image_id}',
                height=height,
                width=width,
                date_captured='2013-11-14 16:28:13',
                id=image_id,
            )
            for image_id in IMAGE_IDS[split]
        ],
        licenses=[dict(id=5, name='a "licence", with [brackets} in it')],
        annotations=[
            dict(
                segmentation=segmentation,
                area=4.5,
                iscrowd=crowd,
                image_id=image_id,
                bbox=[0.0, 0.0, 1.5, 3],
                category_id=category_id,
                id=900100000000 + index,
            )
            for index, (image_id, category_id, crowd, segmentation) in (
                enumerate(ANNOTATIONS[split])
            )
        ],
        categories=[
            dict(supercategory='thing', id=i, name=name)
            for i, name in zip(CATEGORY_IDS, COCO_CLASSES[1:], strict=True)
        ],
    )


def annotation_file(root: Path, split: str) -> Path:
    """Where the annotations of a split are."""
    return root / 'annotations' / f'instances_{split}.json'


def write_coco(root: Path, imgs: bool = False) -> Path:
    """Write both annotation files, and random images if asked for."""
    (root / 'annotations').mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split in IMAGE_IDS:
        content = instances(split)
        annotation_file(root, split).write_text(json.dumps(content))
        if imgs:
            (root / split).mkdir()
            for image in content['images']:
                img = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
                Image.fromarray(img).save(root / split / image['file_name'])
    return root
