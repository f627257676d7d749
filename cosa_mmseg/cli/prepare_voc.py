"""Prepare PASCAL VOC 2012: train_aug, its masks, and image-level labels.

Unpack VOCtrainval_11-May-2012.tar in data, fetch benchmark.tgz of SBD (the
Semantic Boundaries Dataset), then::

    cosa prepare voc --root data/VOCdevkit/VOC2012 --sbd benchmark.tgz

writes below data/VOCdevkit/VOC2012

    ImageSets/Segmentation/train_aug.txt   10,582 names: SBD's and VOC's train
                                           without VOC's val
    SegmentationClassAug/*.png             their masks, VOC's own where it has
                                           one, else SBD's
    image_labels/xml.json                  {image name: [class name, ...]} of
                                           train_aug and val

The masks are for full supervision and for checks; training from image-level
labels reads none of them. The classes are those of the XML files, "difficult"
objects included; --labels-from masks writes image_labels/masks.json instead.

Lists, files and numbers (1,464 train, 1,449 val, 10,582 train_aug, 17,125
images) are checked first. Other numbers are an error unless --allow-partial
says that they are meant; a listed image that is missing always is.

What is there is checked and kept, so that an interrupted run goes on where it
stopped.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

GOES_ON = 'the same command goes on'
LABEL_SOURCES = ('xml', 'masks')


def add_options(parser: ArgumentParser) -> None:
    """Add the archives, and what is made of them."""
    parser.add_argument(
        '--root',
        type=Path,
        default=Path('data/VOCdevkit/VOC2012'),
        help='folder of the data set (default: data/VOCdevkit/VOC2012)',
    )
    parser.add_argument(
        '--sbd',
        type=Path,
        help='benchmark.tgz (unpacked to the folder SBD beside the root), its '
        'folder benchmark_RELEASE/dataset, SegmentationClassAug.zip, or a '
        'folder of its PNG files; not needed where train_aug.txt is there '
        'and its masks are not wanted',
    )
    parser.add_argument(
        '--voc-tar',
        type=Path,
        help='VOCtrainval_11-May-2012.tar, unpacked to the root if that does '
        'not exist',
    )
    parser.add_argument(
        '--labels-from',
        choices=LABEL_SOURCES,
        default='xml',
        help='what the image-level labels are taken from (default: xml)',
    )
    parser.add_argument(
        '--allow-partial',
        action='store_true',
        help='accept other numbers of images than those of VOC',
    )
    parser.add_argument(
        '--num-workers', type=int, default=2, help='number of threads'
    )


def run(options: Namespace) -> None:
    """Convert the data set, and print the numbers of images."""
    from cosa_mmseg.datasets.prepare.voc import convert_voc

    counts = convert_voc(**vars(options))
    print(
        '{images} images; {train} in train, {val} in val, {train_aug} in '
        'train_aug; {labels} labels; {masks} masks of train_aug, of which '
        '{new_masks} are new'.format_map(counts)
    )
