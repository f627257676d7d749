"""Curves: what is drawn, and what is said of the rest."""

from cosa_mmseg.visualization.report.curves import draw_curves
from cosa_mmseg.visualization.report.record import read_training

from .folders import (
    train_row,
    write_run,
)


def test_what_a_logarithmic_scale_has_no_place_for_is_said(tmp_path):
    rows = [
        train_row(50, loss_energy=-0.003, loss_c2s=0.0),
        train_row(100, loss_energy=-0.002, loss_c2s=0.1),
    ]
    write_run(tmp_path, '1', rows)
    html = draw_curves(read_training(tmp_path))
    assert 'Not drawn, as it is never positive: loss_energy.' in html
