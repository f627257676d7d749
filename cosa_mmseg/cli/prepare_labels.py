"""Report on a file of image-level labels, and write it in another format.

    cosa prepare labels labels.csv --images DIR
    cosa prepare labels labels.csv labels.json
    cosa prepare labels DIR labels.txt --report report.json

Formats, told by the suffix (UTF-8):

    .csv    the header image,labels and rows a.jpg,cat;dog
            or the header image,cat,dog and rows a.jpg,1,1 (see --one-hot)
    .json   {"a.jpg": ["cat", "dog"]}
    .jsonl  {"image": "a.jpg", "labels": ["cat", "dog"]}, one a line
    .txt    a.jpg<TAB>cat<TAB>dog, one image a line
    none    a folder with one folder a class: DIR/cat/a.jpg, DIR/dog/a.jpg;
            images in DIR/background show no class

Files and folders of tools are recognised: Label Studio, CVAT, LabelMe,
Roboflow, COCO, PASCAL VOC, Datumaro, FiftyOne, Create ML, Ultralytics,
Hugging Face, Open Images, AutoML, Excel, cls_labels.npy (docs/data.md). The
first line says what was understood. The splits that they know are written
beside OUT, as train.txt, val.txt and test.txt.

The report counts classes, and names pairs of which one class is never shown
without the other: labels of images cannot tell these apart. With --images each
image is decoded; the exit status is 1 if one is missing or cannot be read.
"""

import os.path as osp
from argparse import ArgumentParser, Namespace


def add_options(parser: ArgumentParser) -> None:
    """Add the labels, how to read them, and what to write."""
    parser.add_argument('labels', help='label file, or folder of classes')
    parser.add_argument('out', nargs='?', help='file or folder to write')
    parser.add_argument(
        '--images',
        help='folder of the images (default: a folder of classes is that of '
        'its images; of a file, images are not looked at)',
    )
    parser.add_argument(
        '--classes',
        nargs='+',
        metavar='NAME',
        help='the classes that there may be, and their order: these names '
        'are classes whatever they look like (default: those of the file, '
        'sorted)',
    )
    parser.add_argument(
        '--separator',
        default=';',
        help='what is between the classes in a cell, or a string, that is '
        'read (default: ;)',
    )
    parser.add_argument(
        '--union',
        action='store_true',
        help='an image that comes several times shows the classes of all its '
        'entries (default: they must be the same)',
    )
    parser.add_argument(
        '--column',
        default='',
        help='the column, or the field of a tool, that holds the classes, '
        'where there are several (default: the only one)',
    )
    parser.add_argument(
        '--one-hot',
        action='store_true',
        help='write a .csv with a column of 0 and 1 for each class',
    )
    parser.add_argument(
        '--report',
        metavar='FILE',
        help='write the report as JSON, too, with all names that it is about',
    )


def run(options: Namespace) -> int:
    """Convert and report; return the exit code."""
    from cosa_mmseg.datasets.label_files import read_labels
    from cosa_mmseg.datasets.label_rows import LabelOptions
    from cosa_mmseg.datasets.prepare.image_labels import (
        write_labels,
        write_splits,
    )
    from cosa_mmseg.datasets.prepare.label_report import (
        format_report,
        report_labels,
        write_report,
    )

    images = options.images
    if images is None and osp.isdir(options.labels):
        images = options.labels
    labels = read_labels(
        options.labels,
        LabelOptions(
            options.separator,
            options.union,
            options.classes or (),
            options.column,
        ),
    )
    if options.classes:
        labels = labels.with_classes(options.classes)
    report = report_labels(labels, images)  # before anything is replaced
    written = [*filter(None, (options.out, options.report))]
    if options.out:
        write_labels(labels, options.out, options.one_hot, images)
        written += write_splits(labels, osp.dirname(options.out))
    if options.report:
        write_report(report, options.report)
    print(format_report(report))
    for path in written:
        print(f'wrote {path}')
    return 0 if report.ok else 1
