"""An evaluation of class activation maps alone, made from any config."""

from math import isnan
from pathlib import Path
from typing import Any

from mmengine.config import Config
from prettytable import PrettyTable
from torch import nn

from cosa_mmseg.utils.bare_model import bare_model
from cosa_mmseg.utils.pipelines import without_masks

from .cam_sweep import STYLES

ENDS = ('', '_best', '_best_threshold')
DROPS = {
    '_average_drop': 'average drop inside %',
    '_average_increase': 'increase %',
    '_outside_drop': 'average drop outside %',
}


def evaluate_cams_only(
    cfg: Config, out_dir: str | Path, with_masks: bool = True
) -> None:
    """Change a config so that a test scores the CAMs and writes the sweep.

    Settings of a ``CAMIoUMetric`` that the config has are kept but for its
    prefix.  Where both networks predict, the online network's files are in a
    folder ``online``.

    Args:
        cfg: Config of a :class:`DualStreamSegmentor` and its test data.
        out_dir: Folder for ``cam_sweep.csv`` and ``cam_sweep.png``.
        with_masks: Whether the data have masks; without, the scores are those
            of a ``CAMDropMetric``, and no file is written.

    Raises:
        ValueError: If the model is not one that has CAMs, or there is no test
            data.
    """
    if 'network' not in cfg.model:
        raise ValueError(
            f'the model of the config, {cfg.model.type}, has no CAMs: it '
            'takes one with two networks, such as CoSA'
        )
    if cfg.get('test_dataloader') is None:
        raise ValueError('the config has no test_dataloader to score')
    metrics = cfg.get('test_evaluator') or []
    found = [
        dict(metric)
        for metric in ([metrics] if isinstance(metrics, dict) else metrics)
        if metric['type'].split('.')[-1] == 'CAMIoUMetric'
    ]
    metric = found[0] if found else dict(type='CAMIoUMetric')
    metric.pop('prefix', None)
    online = dict(metric, out_dir=str(Path(out_dir) / 'online'))
    cfg.test_evaluator = [dict(metric, out_dir=str(out_dir))]
    cfg.merge_from_dict({'model.test_cfg.with_cam': True})
    if not with_masks:
        online = dict(type='CAMDropMetric')
        cfg.test_evaluator = [online]
        cfg.merge_from_dict({'model.test_cfg.cam_drop': True})
        dataset = cfg.test_dataloader.dataset
        dataset.pipeline = without_masks(dataset.pipeline)
    if cfg.model.test_cfg.get('network') == 'both':
        cfg.test_evaluator.append(
            dict(type='OnlineNetworkMetric', metrics=[online])
        )


def cam_summary(scores: dict[str, float]) -> str:
    """Return a table of CAM scores: at the fixed threshold and the best.

    Args:
        scores: What a test with a ``CAMIoUMetric`` returns.
    """
    rows = {key: name for key, (name, *_) in STYLES.items()}
    head, ends = ['mIoU', 'best mIoU', 'at threshold'], [*ENDS]
    if not rows.keys() & scores.keys():
        rows = dict(cam='main CAM', cam_aux='auxiliary CAM')
        head, ends = [*DROPS.values()], [*DROPS]
    table = PrettyTable(['CAM', *head], align='r')
    table.align['CAM'] = 'l'
    for prefix, network in (('', ''), ('online_', 'online, ')):
        for key, name in rows.items():
            if f'{prefix}{key}{ends[0]}' in scores:
                numbers = [scores[f'{prefix}{key}{end}'] for end in ends]
                table.add_row([network + name, *numbers])
    lines = [table.get_string()]
    for prefix, who in (('', 'Main'), ('online_', 'Online, main')):
        share = scores.get(f'{prefix}cam_agreement')
        if share is not None:
            how = f'correlate by {share} %.'
            if isnan(share):
                how = 'do not correlate: one is constant in all pictures.'
            lines.append(f'{who} and auxiliary CAM {how}')
    return '\n'.join(lines)


def threshold_summary(model: nn.Module) -> str:
    """Return a sentence on the last thresholds of the pseudo labels.

    Args:
        model: As it is scored; a segmentor without an :class:`Assigner`, or
            one whose labelers have no single threshold, gives ''.
    """
    assigner: Any = getattr(bare_model(model), 'assigner', None)
    found = assigner and assigner.thresholds
    if not found:
        return ''
    return (
        'The pseudo labels of the training ended with the thresholds '
        f'xi={float(found[0]):.2f} (main CAM) and {float(found[1]):.2f} '
        '(auxiliary CAM); they know the true labels.'
    )
