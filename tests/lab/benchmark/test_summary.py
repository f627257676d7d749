from collections import Counter

import pytest

from tools.lab.benchmark.recorder import (
    OTHER,
    StepTimes,
)
from tools.lab.benchmark.summary import summarise_steps
from tools.lab.benchmark.table import markdown_table


@pytest.fixture
def figures():
    seconds = [
        {'g/b': 4.0, 'g/a': 1.0, OTHER: 1.0},
        {'g/b': 2.0, 'g/a': 2.0, OTHER: 1.0},
        {'g/b': 6.0, 'g/a': 3.0, OTHER: 0.0},
    ]
    steps = [StepTimes(each, Counter({'g/b': 2})) for each in seconds]
    return summarise_steps(steps, ['g/a', 'off', 'g/b'], unit=0.5)


def test_figures_of_parts(figures):
    names = [row['part'] for row in figures['parts']]
    assert names == ['g/a', 'g/b', OTHER]
    row = figures['parts'][1]
    assert row == dict(
        part='g/b',
        calls=2,
        median=4,
        min=2,
        max=6,
        units=8,
        share=0.6,
        seconds=[4, 2, 6],
    )
    assert sum(row['share'] for row in figures['parts']) == pytest.approx(1)


def test_groups_and_the_total_are_sums_within_a_step(figures):
    (group,) = figures['groups']
    assert group['seconds'] == [5, 4, 9]
    assert group['median'] == 5  # of the sums, not the sum of the medians
    assert group['share'] == pytest.approx(18 / 20)
    assert figures['total']['seconds'] == [6, 5, 9]
    assert figures['total']['share'] == 1


def test_unknown_parts_come_last():
    steps = [StepTimes({'z': 1.0, 'data': 1.0, OTHER: 1.0}, Counter())]
    figures = summarise_steps(steps, ['data'], unit=1)
    assert [row['part'] for row in figures['parts']] == ['data', OTHER, 'z']


def test_markdown_table_is_aligned():
    table = markdown_table([['part', 'ms'], ['a', '10.25'], ['bc', '1']])
    assert table.splitlines() == [
        '| part |    ms |',
        '| ---- | ----: |',
        '| a    | 10.25 |',
        '| bc   |     1 |',
    ]
