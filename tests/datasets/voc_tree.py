"""Small trees in the layout of PASCAL VOC, made by the tests."""

from pathlib import Path

import numpy as np
from mmseg.datasets import PascalVOCDataset
from PIL import Image

FOLDERS = ('JPEGImages', 'Annotations', 'ImageSets/Segmentation')


def write_xml(path: Path, names: list[str]) -> None:
    """A VOC annotation; the first object has a part, which is no class."""
    objects = [
        f'<object>\n<name>{name}</name>\n<difficult>{i % 2}</difficult>\n'
        '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>'
        f'</bndbox>{"<part><name>head</name></part>" * (i == 0)}</object>\n'
        for i, name in enumerate(names)
    ]
    path.write_text(
        f'<annotation>\n<filename>{path.stem}.jpg</filename>\n'
        f'{"".join(objects)}</annotation>\n'
    )


def write_mask(path: Path, mask: np.ndarray) -> None:
    """A palette PNG of class ids, as in VOC."""
    path.parent.mkdir(exist_ok=True)
    image = Image.fromarray(mask.astype(np.uint8), mode='P')
    image.putpalette(np.array(PascalVOCDataset.METAINFO['palette']).ravel())
    image.save(path)


def write_voc(
    root: Path,
    labels: dict[str, list[str] | None],
    size: tuple[int, int] = (40, 56),
    masks: bool = False,
    split: str = 'train',
) -> Path:
    """Write a tree: one random image of (h, w) for each label.

    An image whose label is None gets no XML file. Masks hold the ids 0, 5 and
    255.
    """
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for img_id, names in labels.items():
        img = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(img).save(root / 'JPEGImages' / f'{img_id}.jpg')
        if names is not None:
            write_xml(root / 'Annotations' / f'{img_id}.xml', names)
        if masks:
            mask = rng.choice([0, 5, 255], size)
            write_mask(root / 'SegmentationClass' / f'{img_id}.png', mask)
    lines = ''.join(f'{img_id}\n' for img_id in labels)
    (root / f'ImageSets/Segmentation/{split}.txt').write_text(lines)
    return root


def voc_cfg(root: Path, split: str = 'train', **prefix: str | None) -> dict:
    """Arguments of ``VOCImageLabelDataset`` for such a tree."""
    return dict(
        ann_file=f'ImageSets/Segmentation/{split}.txt',
        data_root=str(root),
        data_prefix={
            'img_path': 'JPEGImages',
            'ann_xml': 'Annotations',
            **prefix,
        },
    )
