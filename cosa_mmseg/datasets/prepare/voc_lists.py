"""The image lists of PASCAL VOC 2012 with SBD, and whether they are whole."""

from pathlib import Path

from .sbd import MaskFiles, read_list

LISTS = 'ImageSets/Segmentation'
FOLDERS = ('JPEGImages', LISTS, 'SegmentationClass')
NUM_IMAGES = 17125  # at least: those of the test set may have joined them
NUM_LISTED = {'train': 1464, 'val': 1449, 'train_aug': 10582}
VOC_HELP = (
    'PASCAL VOC 2012 is VOCtrainval_11-May-2012.tar from '
    'host.robots.ox.ac.uk/pascal/VOC/voc2012'
)
SBD_HELP = (
    'SBD, the Semantic Boundaries Dataset, is benchmark.tgz from the page '
    '"Semantic Contours from Inverse Detectors" at Berkeley'
)


def list_path(root: Path, split: str) -> Path:
    """Return where the image list of a split is."""
    return root / LISTS / f'{split}.txt'


def check_folders(root: Path) -> None:
    """Raise a ``FileNotFoundError`` if ``root`` is no tree of VOC."""
    for folder in FOLDERS:
        if not (root / folder).is_dir():
            raise FileNotFoundError(
                f'no folder {root / folder}. {VOC_HELP}: unpack it, so that '
                f'its VOCdevkit/VOC2012 is {root} (--voc-tar does, unless '
                'the folder is there)'
            )


def image_lists(root: Path, source: MaskFiles | None) -> dict[str, list[str]]:
    """Return the ids of train, val and train_aug.

    Args:
        root: The folder ``VOC2012``.
        source: SBD. With it, train_aug is its images and those of train
            without those of val, sorted; without it, what ``train_aug.txt``
            lists.

    Raises:
        FileNotFoundError: A list is missing.
        FileExistsError: ``train_aug.txt`` lists other images.
        ValueError: A list is empty or names an image twice, or an image of val
            is in another list.
    """
    train = read_list(list_path(root, 'train'))
    val = read_list(list_path(root, 'val'))
    path = list_path(root, 'train_aug')
    if source is not None:
        train_aug = sorted({*source, *train} - {*val})
        if path.exists() and set(read_list(path)) != set(train_aug):
            raise FileExistsError(
                f'{path} lists other images than SBD and train.txt without '
                'val.txt: move it away to have it written anew'
            )
    elif path.exists():
        train_aug = read_list(path)
    else:
        raise FileNotFoundError(
            f'no image list {path}, and no SBD to make it from. {SBD_HELP}'
        )
    leaked = sorted(set(val).intersection({*train, *train_aug}))
    if leaked:
        raise ValueError(
            f'{len(leaked)} images of {list_path(root, "val")} are in '
            f'train.txt or train_aug.txt too; the first is {leaked[0]!r}'
        )
    return {'train': train, 'val': val, 'train_aug': train_aug}


def count_images(
    root: Path, lists: dict[str, list[str]], allow_partial: bool
) -> dict[str, int]:
    """Return numbers of files in ``JPEGImages`` and of names in each list.

    Args:
        root: The folder ``VOC2012``.
        lists: Ids of train, val and train_aug.
        allow_partial: Whether other numbers than VOC's are fine.

    Raises:
        ValueError: They are not VOC's.
    """
    counts = {'images': len(_ids(root / 'JPEGImages', '.jpg'))}
    counts |= {split: len(img_ids) for split, img_ids in lists.items()}
    right = {'images': max(NUM_IMAGES, counts['images']), **NUM_LISTED}
    wrong = [
        f'{name} has {counts[name]} (not {number})'
        for name, number in right.items()
        if counts[name] != number
    ]
    if wrong and not allow_partial:
        raise ValueError(
            f'{root} does not have the numbers of images of PASCAL VOC 2012 '
            f'with SBD: {", ".join(wrong)}. {VOC_HELP}; {SBD_HELP}. To go on '
            'with other numbers: allow_partial=True, --allow-partial'
        )
    return counts


def check_files(root: Path, lists: dict[str, list[str]], xml: bool) -> None:
    """Raise a ``FileNotFoundError`` if a file of a listed image is missing.

    Args:
        root: The folder ``VOC2012``.
        lists: Ids of train, val and train_aug.
        xml: Whether the XML files are needed.
    """
    with_masks = {*lists['train'], *lists['val']}
    listed = with_masks.union(lists['train_aug'])
    needed = [
        (root / 'JPEGImages', '.jpg', listed),
        (root / 'SegmentationClass', '.png', with_masks),
        (root / 'Annotations', '.xml', listed if xml else set()),
    ]
    for folder, suffix, img_ids in needed:
        if missing := sorted(img_ids - _ids(folder, suffix)):
            raise FileNotFoundError(
                f'{len(missing)} of the files of {len(img_ids)} listed images '
                f'are missing from {folder}; the first is '
                f'{missing[0]}{suffix}. {VOC_HELP}'
            )


def _ids(folder: Path, suffix: str) -> set[str]:
    return {path.stem for path in folder.glob(f'[!.]*{suffix}')}
