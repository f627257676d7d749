"""From the annotations of MS COCO 2014 to what its data set reads.

``annotations/instances_{train,val}2014.json`` becomes
``splits/{train2014,val2014,val2014_all}.txt``,
``image_labels/{train,val}2014.json`` and, for evaluation alone,
``masks/val2014/*.png``.
"""

from pathlib import Path

from .coco_instances import read_instances
from .coco_masks import require_pycocotools, write_masks
from .text_files import labels_text, list_text, write_missing

TRAIN, VAL = 'train2014', 'val2014'


def convert_coco(root: str | Path, masks: bool = False) -> None:
    """Write the image lists and labels, and the masks if asked for.

    Labels come from the pairs of image and category alone. Lists and labels
    are written once both annotation files have been read and checked, masks
    once all segmentations have; each file is written whole or not at all.
    What is there is kept: a second call changes nothing, and a call after an
    interrupted one writes what is missing.

    Args:
        root: Folder of the data set, which holds ``annotations``.
        masks: Whether to write the masks of ``val2014``, which needs
            ``pycocotools``; see :func:`.coco_masks.write_masks`.

    Raises:
        FileNotFoundError: If an annotation file is missing.
        FileExistsError: If a list or label file is there and says something
            else.
        ImportError: If masks are asked for and ``pycocotools`` is missing.
        ValueError: If an annotation file is broken.
    """
    root = Path(root)
    if masks:
        require_pycocotools()
    instances = {
        split: read_instances(root / f'annotations/instances_{split}.json')
        for split in (TRAIN, VAL)
    }
    texts: dict[Path, str] = {}
    for split, found in instances.items():
        labels = found.class_names()
        # What shows nothing cannot be learned from, and published scores of
        # the field are on the 40,137 images that show a class.
        listed = [name for name in labels if labels[name]]
        texts[root / f'splits/{split}.txt'] = list_text(listed)
        texts[root / f'image_labels/{split}.json'] = labels_text(labels)
        print(f'{split}: {len(labels)} images; {len(listed)} show a class')
        if split == VAL:
            texts[root / f'splits/{split}_all.txt'] = list_text([*labels])
    write_missing(texts)
    if masks:
        written, kept = write_masks(root / 'masks' / VAL, instances[VAL])
        print(f'{VAL}: {written} masks written, {kept} were there')
