r"""Make label maps of masks that were corrected in a labelling tool.

    cosa prepare masks instances_default.json --labels my/labels.csv \
        --out my/corrected

reads COCO JSON, which CVAT, Label Studio, Roboflow and others export, with
polygons or run lengths, and writes a palette PNG of class ids for each image
that has an annotation, named as the image. The ids are those of a training
with the label file: its classes, sorted, from 1. Images without an annotation
are passed over: they may be those that nobody has corrected.

    cosa train CONFIG --cfg-options ... train_masks=corrected

trains with them.
"""

from argparse import ArgumentParser, Namespace

ERRORS = (ImportError, OSError, ValueError)


def add_options(parser: ArgumentParser) -> None:
    """Add the file, the classes, and where to write."""
    parser.add_argument('masks', help='COCO JSON')
    classes = parser.add_mutually_exclusive_group(required=True)
    classes.add_argument('--labels', help='label file of the training')
    classes.add_argument(
        '--classes',
        nargs='+',
        metavar='NAME',
        help='the classes in the order of their ids, from 1',
    )
    parser.add_argument('--out', required=True, help='folder to write to')


def run(options: Namespace) -> None:
    """Write the label maps, and say how many."""
    from cosa_mmseg.datasets.label_files import read_labels
    from cosa_mmseg.datasets.prepare.corrected import write_corrected

    classes = options.classes or read_labels(options.labels).classes
    written, others = write_corrected(options.masks, classes, options.out)
    print(f'wrote {written} label maps of {len(classes)} classes')
    if others:
        print(f'passed over {others} images without an annotation')
