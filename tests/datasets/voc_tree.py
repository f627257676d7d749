"""Small trees in the layout of PASCAL VOC, made by the tests."""

from pathlib import Path

import numpy as np
from mmseg.datasets import PascalVOCDataset
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

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


def write_mat(path: Path, mask: np.ndarray) -> None:
    """A file of SBD's ``cls``: a struct with a matrix and sparse borders."""
    borders = np.empty((20, 1), object)
    for i in range(20):
        borders[i, 0] = csc_matrix(mask == i + 1, dtype=float)
    present = np.unique(mask[mask > 0])[:, None]
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        'Boundaries': borders,
        'Segmentation': mask,
        'CategoriesPresent': present,
    }
    savemat(path, {'GTcls': content}, do_compression=True)


# Of VOC with SBD, 2 x 3 pixels each: 1 is in VOC's train and in SBD, 2 in
# VOC's val and in SBD, the others in SBD alone.
TINY_MASKS = {
    '2007_000001': [[0, 8, 255], [0, 8, 8]],  # cat
    '2007_000002': [[12, 12, 255], [0, 15, 0]],  # dog, person
    '2008_000003': [[0, 0, 20], [20, 20, 20]],  # tvmonitor
    '2008_000004': [[1, 0, 0], [0, 0, 5]],  # aeroplane, bottle
}
TINY_LABELS = {
    '2007_000001': ['person', 'cat', 'cat'],
    '2007_000002': ['dog', 'person'],
    '2008_000003': ['tvmonitor'],
    '2008_000004': ['bottle', 'aeroplane'],
}


def write_tiny_voc(root: Path) -> Path:
    """VOC's part of the tiny set: masks and lists of 1 and 2 alone."""
    write_voc(root, TINY_LABELS, size=(2, 3))
    for split, img_id in (('train', '2007_000001'), ('val', '2007_000002')):
        lists = root / 'ImageSets' / 'Segmentation'
        (lists / f'{split}.txt').write_text(f'{img_id}\n')
        mask = np.array(TINY_MASKS[img_id])
        write_mask(root / 'SegmentationClass' / f'{img_id}.png', mask)
    return root


def write_tiny_sbd(folder: Path) -> Path:
    """SBD's part of it; where VOC has a mask, SBD's is another."""
    for img_id, rows in TINY_MASKS.items():
        mask = np.array(rows, np.uint8)
        if img_id.startswith('2007'):
            mask[:] = 3
        write_mat(folder / 'cls' / f'{img_id}.mat', mask)
    (folder / 'train.txt').write_text('2008_000003\n2007_000002\n')
    (folder / 'val.txt').write_text('2007_000001\n2008_000004\n')
    return folder
