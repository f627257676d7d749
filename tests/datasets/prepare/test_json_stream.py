"""Elements of arrays, whatever is around them and wherever a chunk ends."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosa_mmseg.datasets.prepare import json_stream
from cosa_mmseg.datasets.prepare.json_stream import iter_json_arrays

TEXT = (
    ' {"x": 12.5e-3, "a" :[1, {"k": "],}\\"\\u00e9"}, [], -0.25 ,"é"],'
    '"s":"a","other": [[1], 2], "b":[ ],\n"n": null}\n '
)
ELEMENTS = [('a', i, v) for i, v in enumerate(json.loads(TEXT)['a'])]


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / 'file.json'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize('limit', [40, 41, 42, 47, 1 << 20])
def test_elements_with_any_limit(write, monkeypatch, limit):
    monkeypatch.setattr(json_stream, 'LIMIT', limit)

    assert list(iter_json_arrays(write(TEXT), ['a', 'b'])) == ELEMENTS


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=3),
        st.lists(
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers()
                | st.floats(allow_nan=False)
                | st.text(max_size=5),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=3), inner, max_size=3)
                ),
                max_leaves=5,
            ),
            max_size=4,
        ),
        max_size=4,
    ),
    st.integers(1000, 1020),
)
def test_same_as_the_json_module(tmp_path_factory, content, limit):
    path = tmp_path_factory.mktemp('json') / 'file.json'
    path.write_text(json.dumps(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, 'LIMIT', limit)
        found = list(iter_json_arrays(path, content))

    assert found == [
        (key, i, element)
        for key, elements in content.items()
        for i, element in enumerate(elements)
    ]


@pytest.mark.parametrize('end', range(len(TEXT.rstrip())))
def test_cut_off_anywhere(write, end):
    path = write(TEXT[:end])

    with pytest.raises(ValueError, match=r'file\.json cannot be read'):
        list(iter_json_arrays(path, ['a']))


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'character 0: the file ends here'),
        ('[1]', r'character 0: expected {, found \['),
        ('{"a": [1 2]}', 'character 9: expected , or ], found 2'),
        ('{"a": [1,]}', 'character 9: broken or cut-off JSON .Expecting v'),
        ('{"a": [{"k": 1, "l"', 'character 7: broken or cut-off JSON'),
        ('{a: [1]}', 'character 1: expected ", found a'),
        ('{"a": [1],}', 'character 10: expected ", found }'),
        ('{"a" [1]}', 'character 5: expected :, found'),
        ('{"a": [1]} {', 'character 11: nothing may follow'),
        ('{"b": [1], "c": 2}', r"it has no \['a'\]"),
        ('{}', r"it has no \['a'\]"),
        ('{"a": {"0": 1}}', r'character 6: expected \[, found {'),
        (b'{"a": ["\xff"]}', "'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_faults_are_named(write, text, words):
    with pytest.raises(ValueError, match=words):
        list(iter_json_arrays(write(text), ['a']))


def peak(path):
    """Bytes in use at most while a file is read."""
    tracemalloc.start()
    try:
        for _ in iter_json_arrays(path, ['a']):
            pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_the_file(write, monkeypatch):
    monkeypatch.setattr(json_stream, 'LIMIT', 1 << 19)
    element = json.dumps({'counts': ['7' * 500] * 200})
    small = write('{"a": [' + ','.join([element] * 50) + ']}')
    of_small = peak(small)
    large = write('{"a": [' + ','.join([element] * 200) + ']}')

    assert large.stat().st_size > 20e6
    assert peak(large) < 1.1 * of_small < 8e6


def test_broken_elements_are_given_up(write, monkeypatch):
    """Else the rest of a large file would be read into memory."""
    monkeypatch.setattr(json_stream, 'LIMIT', 1 << 18)
    path = write('{"a": [{"k": }' + ' ' * 30_000_000 + ']}')

    tracemalloc.start()
    with pytest.raises(ValueError, match='character 7: broken'):
        list(iter_json_arrays(path, ['a']))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 4e6
