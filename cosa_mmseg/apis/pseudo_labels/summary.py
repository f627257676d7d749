"""A summary of exported pseudo labels, and how good they are."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from prettytable import PrettyTable

from cosa_mmseg.evaluation import confusion_matrix, segmentation_scores
from cosa_mmseg.models.ops.cam import IGNORE_INDEX

from .folder import PseudoLabelFolder

SCORE = 'pseudo_label_mIoU_label_filtered'


def summarize(
    folder: PseudoLabelFolder,
    img_ids: Sequence[str],
    classes: Sequence[str],
    read_mask: Callable[[str], np.ndarray | None] = lambda img_id: None,
) -> dict:
    """Summarise written files, the same however often the run was cut off.

    Shares and scores are percentages, confidences in [0, 1].

    Args:
        folder (PseudoLabelFolder): With the files of all images.
        img_ids (Sequence[str]): The images.
        classes (Sequence[str]): Names of the K classes, background first.
        read_mask (Callable): From an image id to the true class ids (H, W;
            255 = ignore), or None where there is no mask.  For evaluation:
            no label depends on it.

    Returns:
        dict: ``images``, their number, and for each kind of labels

        - ``coverage``: shares of all pixels that are ``foreground``,
          ``background`` and ``ignored``;
        - ``mean_confidence``, over the foreground (None: there is none);
        - ``classes``: for each class its ``share`` of all pixels, in how many
          ``images`` it has a pixel, and its ``mean_confidence`` (None where
          there is no pixel);
        - ``quality``, where there are masks: number of ``scored_images``;
          ``pseudo_label_coverage``, the share of their pixels with a truth
          that have a label, and, over those,
          ``pseudo_label_mIoU_label_filtered`` and ``IoU_label_filtered`` of
          each class (None: no such pixel).  The labels know the true
          image-level labels: this is no score of a model.

    Raises:
        ValueError: If a label and its mask do not fit; both are named.
    """
    tallies = {kind: _Tally(len(classes)) for kind in folder.which}
    for img_id in img_ids:
        mask = read_mask(img_id)
        for kind, tally in tallies.items():
            label, confidence = folder.read(kind, img_id)
            tally.add(label, confidence)
            if mask is None:
                continue
            try:
                tally.score(label, mask)
            except ValueError as err:
                raise ValueError(
                    f'mask and pseudo label of image {img_id!r} do not fit: '
                    f'{err}'
                ) from err
    kinds = {kind: tally.report(classes) for kind, tally in tallies.items()}
    return dict(images=len(img_ids), **kinds)


class _Tally:
    """Sums over images, for labels of one kind."""

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        # by class id
        self.pixels, self.images, self.confidence = np.zeros((3, 256))
        self.confusion = torch.zeros(num_classes, num_classes).long()
        self.true_pixels = self.scored_images = 0

    def add(self, label: np.ndarray, confidence: np.ndarray) -> None:
        """Take in an image: ids and confidences (H, W)."""
        ids = label.ravel()
        pixels = np.bincount(ids, minlength=256)
        self.pixels += pixels
        self.images += pixels > 0
        self.confidence += np.bincount(ids, confidence.ravel(), 256)

    def score(self, label: np.ndarray, mask: np.ndarray) -> None:
        """Compare with the truth: class ids (H, W) of both."""
        if mask.ndim < 2:  # mmseg squeezes what is one pixel wide or high
            mask = mask.reshape(label.shape)
        self.confusion += confusion_matrix(
            torch.from_numpy(label), torch.from_numpy(mask), self.num_classes
        )
        self.true_pixels += int((mask != IGNORE_INDEX).sum())
        self.scored_images += 1

    def report(self, classes: Sequence[str]) -> dict:
        """Return the summary of this kind, see :func:`summarize`."""
        foreground = slice(1, self.num_classes)
        with np.errstate(invalid='ignore'):
            share = 100 * self.pixels / self.pixels.sum()
            confidence = self.confidence / self.pixels
            mean = np.divide(
                *(
                    sums[foreground].sum()
                    for sums in (self.confidence, self.pixels)
                )
            )
        out = dict(
            coverage=dict(
                foreground=_round(share[foreground].sum()),
                background=_round(share[0]),
                ignored=_round(share[IGNORE_INDEX]),
            ),
            mean_confidence=_round(mean, 4),
            classes={
                name: dict(
                    share=_round(share[i]),
                    images=int(self.images[i]),
                    mean_confidence=_round(confidence[i], 4),
                )
                for i, name in enumerate(classes)
            },
        )
        if self.scored_images:
            out['quality'] = self._quality(classes)
        return out

    def _quality(self, classes: Sequence[str]) -> dict:
        m = self.confusion
        scores = segmentation_scores(m.diag(), m.sum(0), m.sum(1))
        covered = int(m.sum()) / (self.true_pixels or np.nan)
        iou = (_round(100 * value) for value in scores.iou)
        return {
            'scored_images': self.scored_images,
            'pseudo_label_coverage': _round(100 * covered),
            SCORE: _round(100 * scores.miou),
            'IoU_label_filtered': dict(zip(classes, iou, strict=True)),
        }


def _round(value: float, digits: int = 2) -> float | None:
    """Round a number; None for NaN, which JSON has not."""
    return None if np.isnan(value) else round(float(value), digits)


def summary_tables(summary: dict) -> str:
    """Return the summary for a reader: a table of classes for each kind.

    Args:
        summary (dict): Of :func:`summarize`.

    Returns:
        str: Several lines.
    """
    parts = []
    for kind, report in summary.items():
        if kind == 'images':
            continue
        shares = ', '.join(
            f'{_text(share)} % {name}'
            for name, share in report['coverage'].items()
        )
        parts.append(f'{kind}: {summary["images"]} images; pixels: {shares}')
        head, iou = ['class', 'share %', 'images', 'mean confidence'], {}
        if quality := report.get('quality'):
            covered = _text(quality['pseudo_label_coverage'])
            parts.append(
                f'{SCORE} {_text(quality[SCORE])} over the labelled {covered} '
                f'% of the pixels of {quality["scored_images"]} images with '
                'masks (evaluation only; the labels know the image-level '
                'labels)'
            )
            head.append('IoU_label_filtered')
            iou = {k: [v] for k, v in quality['IoU_label_filtered'].items()}
        table = PrettyTable(head, align='r')
        table.align['class'] = 'l'
        for name, row in report['classes'].items():
            values = [*row.values(), *iou.get(name, [])]
            table.add_row([name, *map(_text, values)])
        parts.append(str(table))
    return '\n'.join(parts)


def _text(value: float | int | None) -> str:
    """Return two decimals of a float; a dash where there is nothing."""
    if value is None:
        return '-'
    return f'{value:.2f}' if isinstance(value, float) else str(value)
