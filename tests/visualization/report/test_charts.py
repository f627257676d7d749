"""Curves: what is drawn, and what is said of the rest."""

import re
from html import unescape
from xml.etree import ElementTree

import pytest

from cosa_mmseg.visualization.report.charts import draw_chart
from cosa_mmseg.visualization.report.record import TrainingRecord

SVG = '{http://www.w3.org/2000/svg}'


def chart(*points, limits=None, log=False, **others):
    """A chart of the key a, and of others that have one value."""
    rows = [dict(step=step, a=value) for step, value in points]
    record = TrainingRecord('', [], [*rows, dict(step=0, **others)])
    return draw_chart(record, '"t" & <b>', ['a', *others], limits, log)


def labels(drawn):
    """Numbers at the axes, first those below."""
    texts = ElementTree.fromstring(drawn.svg).iter(f'{SVG}text')
    return [float(text.text.replace('\u2212', '-')) for text in texts]


def curves(drawn):
    """Heights of the points of the curves, up."""
    paths = ElementTree.fromstring(drawn.svg).iter(f'{SVG}path')
    return [
        [-float(y) for y in re.findall(r'[ML] \S+ (\S+)', path.get('d'))]
        for path in paths
        if 'stroke: #0072b2' in (path.get('style') or '')
        and 'C' not in path.get('d')  # a dot
    ]


def test_limits_are_about_bottom_and_top():
    drawn = chart((0, 0), (50, 25), (100, 100), limits=(0, 100))
    assert labels(drawn) == [0, 20, 40, 60, 80, 100] * 2
    ((low, middle, high),) = curves(drawn)
    assert middle - low == pytest.approx((high - low) / 4, rel=1e-3)


def test_a_decade_has_the_same_height_everywhere():
    drawn = chart((1, 0.01), (2, 0.1), (3, 1), (4, 0), log=True)
    ((first, second, third),) = curves(drawn)  # 0 has no place
    assert second - first == pytest.approx(third - second, rel=1e-3)
    assert {0.01, 0.1, 1} <= {*labels(drawn)}


@pytest.mark.parametrize('value', [0, 1, -3, 1e-9, 1e9, 1e99, -1e99])
def test_a_constant_has_a_scale(value):
    drawn = chart((10, value), (20, value))
    assert len({*labels(drawn)[-3:]}) > 1
    assert not re.search('nan|inf', drawn.svg)


def test_few_points_have_dots_with_their_values():
    svg = chart((1000, 0.123456), (2000, 7), limits=(0, 1)).svg
    tips = [unescape(tip) for tip in re.findall('<title>(.*?)</title>', svg)]
    assert tips == ['a 0.1235 at 1000']  # the other is out of sight
    assert 'aria-label="&quot;t&quot; &amp; &lt;b&gt;"' in svg
    many = chart(*((step, step) for step in range(100)))
    assert '<use' not in many.svg


def test_what_a_logarithmic_scale_has_no_place_for_is_said():
    drawn = chart((1, -0.003), (2, 0.0), log=True, b=1.0)
    assert drawn.hidden == ['a']
    assert [line.name for line in drawn.lines] == ['a', 'b']
    assert chart((1, 0.0), log=True).hidden == ['a']


def test_extreme_numbers_have_short_labels():
    drawn = chart((1, 1e-6), (2**53, 9e-5))
    assert all(len(f'{label:g}') < 8 for label in labels(drawn))
    assert 'svg' in chart((1, 5e-324), (2, 1e99), log=True).svg


def test_no_value_is_no_chart():
    assert chart((1, float('nan'))) is None


def test_the_same_values_give_the_same_bytes():
    assert chart((1, 1), (2, 3)).svg == chart((1, 1), (2, 3)).svg
