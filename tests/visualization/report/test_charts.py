"""Curves."""

import re
from xml.etree import ElementTree

import pytest

from cosa_mmseg.visualization.report.charts import (
    BOTTOM,
    HEIGHT,
    TOP,
    Line,
    draw_chart,
)


def chart(*points, **settings):
    line = Line('a & <b>', points, '#123456')
    return ElementTree.fromstring(draw_chart([line], '"t"', **settings))


def heights(svg):
    (line,) = svg.findall('polyline')
    pairs = [pair.split(',') for pair in line.get('points').split()]
    return [float(y) for _, y in pairs]


def labels(svg, kind):
    texts = svg.findall(f"text[@class='{kind}']")
    return [float(text.text) for text in texts]


def test_limits_are_bottom_and_top():
    svg = chart((0, 0), (50, 25), (100, 100), limits=(0, 100))
    low, high = HEIGHT - BOTTOM, TOP
    assert heights(svg) == [low, low + 0.25 * (high - low), high]
    assert labels(svg, 'y') == [0, 20, 40, 60, 80, 100]
    assert labels(svg, 'x') == [0, 20, 40, 60, 80, 100]


def test_a_decade_has_the_same_height_everywhere():
    svg = chart((1, 0.01), (2, 0.1), (3, 1), (4, 0), log=True)
    first, second, third = heights(svg)  # 0 has no place
    assert first - second == pytest.approx(second - third, abs=0.11)
    assert labels(svg, 'y') == [0.01, 0.1, 1, 10]


@pytest.mark.parametrize('value', [0, 1, -3, 1e-9, 1e9])
def test_a_constant_is_drawn_within(value):
    svg = chart((10, value), (20, value))
    assert TOP < heights(svg)[0] < HEIGHT - BOTTOM
    assert len(set(labels(svg, 'y'))) > 1


def test_few_points_have_dots_with_their_values():
    svg = chart((1000, 0.123456))
    (dot,) = svg.findall('circle')
    assert dot.find('title').text == 'a & <b> 0.1235 at 1000'
    many = chart(*((step, step) for step in range(100)))
    assert not many.findall('circle')


def test_nothing_positive_on_a_log_scale_is_an_empty_chart():
    assert chart((1, 0.0), log=True).findall('polyline') == []


def test_numbers_are_not_out_of_the_picture():
    svg = chart((1, 1e-6), (2, 9e-5))
    assert all(len(text.text) < 8 for text in svg.findall('text'))
    assert not re.search('nan|inf', ElementTree.tostring(svg, 'unicode'))
