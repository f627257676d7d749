r"""Write the image lists, image-level labels and masks of MS COCO 2014.

Unpack annotations_trainval2014.zip, train2014.zip and val2014.zip in
data/coco2014, then::

    cosa prepare coco --root data/coco2014 --masks

reads annotations/instances_{train,val}2014.json and writes

    splits/{train,val}2014.txt          names of images that show a class
    splits/val2014_all.txt              names of all images
    image_labels/{train,val}2014.json   {image name: [class name, ...]}
    masks/val2014/*.png                 class ids, with --masks

Labels are the categories of an image's annotations, crowds included;
segmentations are not read for them.

Masks are for evaluation alone: 0 is the background, 1..80 are the classes.
Where objects overlap, the one that comes later in the file is seen. Crowds are
255 (ignored) where no object is; objects are seen over crowds.

What is there is kept, so that an interrupted run goes on where it stopped.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

ERRORS = (ImportError, OSError, ValueError)
GOES_ON = 'the same command goes on'


def add_options(parser: ArgumentParser) -> None:
    """Add the folder, and whether to write masks."""
    parser.add_argument(
        '--root',
        type=Path,
        default=Path('data/coco2014'),
        help='folder of the data set (default: data/coco2014)',
    )
    parser.add_argument(
        '--masks',
        action='store_true',
        help='also write the masks of val2014; needs the package pycocotools',
    )


def run(options: Namespace) -> None:
    """Convert the annotations."""
    from cosa_mmseg.datasets.prepare.coco import convert_coco

    convert_coco(**vars(options))
