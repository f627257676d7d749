"""Predict the pictures of ``cosa segment`` and ``cosa cams``."""

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

import torch

from cosa_mmseg.apis import (
    CoSAInferencer,
    FailedPicture,
    PicturePrediction,
    PredictionWriter,
    find_pictures,
)
from cosa_mmseg.apis.collapse import CollapseWatch
from cosa_mmseg.utils.plain_cell import plain_cell


def run(
    options: Namespace,
    kinds: Sequence[str],
    columns: Sequence[str],
    rows: Callable[[PicturePrediction], Iterable[Sequence]],
    record: Callable[[PicturePrediction], dict],
) -> int:
    """Predict, write, and print; what else is printed goes to stderr.

    Args:
        options (Namespace): Of `add_picture_options`, and ``out``.
        kinds (Sequence[str]): What to write, see :class:`PredictionWriter`.
        columns (Sequence[str]): Of the tab-separated lines.
        rows (Callable): Returns the lines of a picture.
        record (Callable): Returns the json object of a picture.

    Returns:
        int: The exit code: 1 if a picture could not be read.

    Raises:
        OSError: Nothing can be read or written.
        ValueError: Nothing can be predicted.
    """
    stdout = sys.stdout
    with naming_full_memory(), redirect_stdout(sys.stderr):
        failed = _predict(options, kinds, stdout, columns, rows, record)
    return report_failed(failed)


@contextmanager
def naming_full_memory() -> Iterator[None]:
    """Say what to do where a GPU has too little memory.

    Raises:
        ValueError: If it has.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError as err:
        reason = str(err).splitlines()[0]
        raise ValueError(
            'the GPU has too little memory: choose a smaller '
            f'--batch-size or --tile-size, or --device cpu ({reason})'
        ) from err


def report_failed(failed: Sequence[FailedPicture]) -> int:
    """Name pictures that could not be read; return the exit code."""
    for failure in failed:
        print(f'error: {failure.reason}', file=sys.stderr)
    return 1 if failed else 0


def open_inferencer(
    options: Namespace, show_progress: bool = True
) -> CoSAInferencer:
    """Load the model of :func:`add_picture_options`."""
    return CoSAInferencer(
        options.config,
        options.checkpoint,
        device=options.device,
        cfg_options=options.cfg_options,
        tile_size=options.tile_size,
        tile_overlap=options.tile_overlap,
        show_progress=show_progress,
    )


def known_labels(options: Namespace) -> list[str] | None:
    """Return the classes of ``--labels``; None: not given."""
    if options.labels is None:
        return None
    return [name.strip() for name in options.labels.split(',')]


def _predict(
    options: Namespace,
    kinds: Sequence[str],
    stdout: TextIO,
    columns: Sequence[str],
    rows: Callable[[PicturePrediction], Iterable[Sequence]],
    record: Callable[[PicturePrediction], dict],
) -> list[FailedPicture]:
    """Return the pictures that could not be read, see :func:`run`."""
    pictures = find_pictures(options.inputs, options.out)
    # on a terminal, the results that pass by show how far it is
    inferencer = open_inferencer(options, show_progress=not stdout.isatty())
    predictions = inferencer.predict(
        pictures, known_labels(options), options.batch_size, options.network
    )
    table = csv.writer(stdout, 'excel-tab', lineterminator='\n')
    failed = []
    watch = CollapseWatch()
    with PredictionWriter(
        options.out or '', inferencer.palette, kinds if options.out else ()
    ) as writer:
        writer.check(pictures)
        if options.format == 'tsv':
            table.writerow(columns)
        for found in predictions:
            if isinstance(found, FailedPicture):
                failed.append(found)
                continue
            watch.add(found)
            writer.write(found)
            if options.format == 'tsv':
                table.writerows(map(plain_cell, r) for r in rows(found))
            else:
                stdout.write(json.dumps(record(found)) + '\n')
            stdout.flush()
    for text in watch.warnings():
        print(f'warning: {text}', file=sys.stderr)
    return failed
