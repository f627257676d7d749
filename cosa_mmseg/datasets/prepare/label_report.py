"""What a set of image-level labels is like, and what may be wrong with it."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from prettytable import PrettyTable

from cosa_mmseg.datasets.any_image import AnyImageLoader
from cosa_mmseg.datasets.bad_files import BadFileError, naming_bad_files
from cosa_mmseg.datasets.findings import (
    count_together,
    find_inseparable,
    label_warnings,
)
from cosa_mmseg.datasets.image_files import NameIndex, list_images
from cosa_mmseg.datasets.label_rows import ImageLabels
from cosa_mmseg.datasets.similar_names import describe_match
from cosa_mmseg.utils.atomic import atomic_file

WIDEST = 20  # classes of the widest matrix that is printed
LONGEST = 10  # entries of the longest list that is printed


@dataclass(frozen=True)
class LabelReport:
    """Counts of labels and images, and findings.

    Attributes:
        source: Where the labels are from.
        tool: What they were written by; '' where it is not known.
        num_images: Number of images with an entry.
        images_per_class: Number of images that show each class.
        labels_per_image: Number of images with each number of classes.
        co_occurrence: Number of images that show both classes, (C, C), in the
            order of ``images_per_class``.
        never_without: Pairs of classes of which the first is never shown
            without the second, so that no label tells the one from the other.
        warnings: Sentences on what is likely a mistake.
        without_class: Images whose label is empty: they are trained with as
            background.
        missing: Images with an entry and no file.
        match: What to change for their names to match; '' if nothing helps.
        unreadable: Why an image of those with an entry cannot be decoded.
        without_label: Image files without an entry.
    """

    source: str
    tool: str
    num_images: int
    images_per_class: dict[str, int]
    labels_per_image: dict[int, int]
    co_occurrence: list[list[int]]
    never_without: list[tuple[str, str]]
    warnings: list[str]
    without_class: list[str]
    missing: list[str]
    match: str
    unreadable: list[str]
    without_label: list[str]

    @property
    def ok(self) -> bool:
        """True if each image with an entry can be read."""
        return not self.missing and not self.unreadable


def report_labels(
    labels: ImageLabels, images: str | Path | None = None
) -> LabelReport:
    """Count labels, and compare them with the image files.

    Args:
        labels: The labels.
        images: Folder of the images, each of which is decoded. Defaults to
            None: files are not looked at.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: A name may be several files.
    """
    together = count_together(labels)
    counts = zip(labels.classes, together.diagonal().tolist(), strict=True)
    sizes = Counter(map(len, labels.names.values()))
    missing, unreadable, without_label = _compare(labels, images)
    return LabelReport(
        source=labels.source,
        tool=labels.tool,
        num_images=len(labels.names),
        images_per_class=dict(counts),
        labels_per_image=dict(sorted(sizes.items())),
        co_occurrence=together.tolist(),
        never_without=find_inseparable(labels, together),
        warnings=label_warnings(labels),
        without_class=[i for i, names in labels.names.items() if not names],
        missing=missing,
        match=describe_match(missing, without_label, str(images)).strip('; '),
        unreadable=unreadable,
        without_label=without_label,
    )


def _compare(
    labels: ImageLabels, images: str | Path | None
) -> tuple[list[str], list[str], list[str]]:
    """Return missing images, why images are bad, files without a label."""
    if images is None:
        return [], [], []
    files = list_images(str(images))
    index = NameIndex(files)
    found = {name: index.find(name) for name in labels.names}
    missing = [name for name, file in found.items() if file is None]
    labelled = [file for file in found.values() if file is not None]
    with ThreadPoolExecutor() as pool:
        faults = [*pool.map(_fault, (Path(images, f) for f in labelled))]
    if Path(images) == Path(labels.source):  # with a copy for each class
        labelled += (
            f'{name}/{image.partition("/")[2]}'
            for image, names in labels.names.items()
            for name in names
        )
    without_label = set(files).difference(map(index.find, labelled))
    return missing, [*filter(None, faults)], sorted(without_label)


def _fault(path: Path) -> str | None:
    """Return why an image cannot be loaded; None if it can."""
    info = dict(img_path=str(path))
    try:
        with naming_bad_files(info):
            AnyImageLoader()(info)
    except BadFileError as err:
        return str(err)
    return None


def write_report(report: LabelReport, path: str | Path) -> None:
    """Write the whole report as JSON."""
    text = json.dumps(asdict(report), indent=2, ensure_ascii=False)
    with atomic_file(path) as unfinished:
        unfinished.write_text(text + '\n', encoding='utf-8')


def format_report(report: LabelReport) -> str:
    """Return the report as text: long lists are cut, as is a wide matrix."""
    counts = report.images_per_class
    table = PrettyTable(['id', 'class', 'images'], align='r')
    table.add_rows([[i, *item] for i, item in enumerate(counts.items(), 1)])
    sizes = report.labels_per_image
    parts = [
        f'{report.source}: {report.tool and f"{report.tool}, "}'
        f'{report.num_images} images, {len(counts)} classes, '
        f'{len(report.without_class)} without a label',
        str(table),
        f'images with {", ".join(map(str, sizes))} classes: '
        f'{", ".join(map(str, sizes.values()))}',
    ]
    if len(counts) <= WIDEST:
        matrix = PrettyTable(['', *counts], align='r')
        for name, row in zip(counts, report.co_occurrence, strict=True):
            matrix.add_row([name, *row])
        parts += ['number of images that show both classes:', str(matrix)]
    lists = {
        'images without a class (trained with as background)': (
            report.without_class
        ),
        'image files without a label': report.without_label,
        'ERROR: images without a file': report.missing,
        'ERROR: images that cannot be read': report.unreadable,
    }
    parts += [f'WARNING: {text}' for text in report.warnings]
    for title, entries in lists.items():
        if entries:
            lines = [f'{title}: {len(entries)}', *entries[:LONGEST]]
            if len(entries) > LONGEST:
                lines.append(f'and {len(entries) - LONGEST} more')
            parts.append('\n  '.join(lines))
    return '\n'.join(filter(None, [*parts, report.match]))
