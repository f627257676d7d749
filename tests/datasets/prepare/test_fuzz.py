"""Whatever converters are given, they read it or say that they cannot."""

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat

from cosa_mmseg.datasets.image_files import read_image_list
from cosa_mmseg.datasets.prepare.archives import unpack
from cosa_mmseg.datasets.prepare.coco_instances import read_instances
from cosa_mmseg.datasets.prepare.sbd import (
    open_sbd,
    read_list,
    read_mat,
    read_sbd_mask,
)
from cosa_mmseg.datasets.prepare.voc_masks import (
    check_size,
    read_mask,
)
from cosa_mmseg.datasets.voc import load_voc_xml

fuzz = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def attempt(read, *args):
    """Read something; errors must be of the kinds that tools report."""
    try:
        read(*args)
    except (FileNotFoundError, ValueError) as err:
        assert str(err)


def png() -> bytes:
    file = io.BytesIO()
    Image.new('P', (9, 9)).save(file, 'PNG')
    return file.getvalue()


def mat() -> bytes:
    file = io.BytesIO()
    content = {'GTcls': {'Segmentation': np.zeros((5, 5), np.uint8)}}
    savemat(file, content, do_compression=True)
    return file.getvalue()


def tar(mode: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        member = tarfile.TarInfo('top/a')
        member.size = 3
        archive.addfile(member, io.BytesIO(b'abc'))
    return file.getvalue()[:2048]


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('masks/a.png', png())
    return file.getvalue()


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """A file some of whose bytes are others, maybe cut off."""
    size = len(content)
    change = st.tuples(st.integers(0, size - 1), st.integers(0, 255))

    def apply(changes, end):
        data = bytearray(content)
        for position, value in changes:
            data[position] = value
        return bytes(data[:end])

    changes = st.lists(change, max_size=6)
    return st.builds(apply, changes, st.none() | st.integers(0, size))


XML = st.lists(
    st.sampled_from(
        ['<annotation>', '</annotation>', '<object>', '</object>', '<name>']
        + ['cat', '</name>', '<!DOCTYPE a [<!ENTITY b "c">]>', '&b;', '&lt;']
        + ['<?xml version="1.0" encoding="utf-16"?>', '<![CDATA[', ']]>']
        + ['\0', 'ü', '<', '>', ' ']
    ),
    max_size=20,
).map(lambda parts: ''.join(parts).encode())


@given(data=st.binary(max_size=100) | XML)
@fuzz
def test_voc_annotations(tmp_path, data):
    (tmp_path / 'a.xml').write_bytes(data)
    attempt(load_voc_xml, str(tmp_path / 'a.xml'))


def test_entities_that_grow_are_refused_unread(tmp_path):
    lines = [f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(12)]
    path = tmp_path / 'a.xml'
    path.write_text(
        f'<!DOCTYPE a [<!ENTITY a0 "lol">{"".join(lines)}]>'
        '<annotation><object><name>&a12;</name></object></annotation>'
    )
    with pytest.raises(ValueError, match='a.xml .*declares a document type'):
        load_voc_xml(str(path))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    # half of a surrogate pair, a path, a line break
    | st.sampled_from(['cat', 'a.jpg', '\ud800.jpg', '../a.jpg', 'a\n.jpg']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(['id', 'name']), inner)
    ),
    max_leaves=6,
)
SMALL = st.integers(-1, 3) | JSON
ENTRIES = JSON | st.lists(
    st.fixed_dictionaries(
        {},
        optional=dict(
            id=SMALL,
            height=SMALL,
            width=SMALL,
            image_id=SMALL,
            category_id=SMALL,
            file_name=st.sampled_from(['a.jpg', 'b.jpg']) | JSON,
            name=st.sampled_from(['cat', 'dog']) | JSON,
        ),
    ),
    max_size=3,
)
COCO = st.fixed_dictionaries(
    dict(images=ENTRIES, categories=ENTRIES, annotations=ENTRIES)
)


@given(
    data=st.binary(max_size=60) | COCO.map(lambda c: json.dumps(c).encode())
)
@fuzz
def test_coco_annotations(tmp_path, data):
    (tmp_path / 'a.json').write_bytes(data)

    def read(path):
        for name in read_instances(path).class_names():
            assert name.isprintable()

    attempt(read, tmp_path / 'a.json')


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('{"images": ' + '[' * 100_000, 'nested too deep'),
        ('{"images": [{"id": 1' + '0' * 5000 + '}', 'integer'),
        (
            '{"images": [{"id": 1, "file_name": "a.jpg", '
            '"height": 60000, "width": 60000}]}',
            r'images\[0\]: .* 60000 x 60000 pixels; allowed are',
        ),
        (
            '{"images": [{"id": 1, "file_name": "\\ud800.jpg", '
            '"height": 6, "width": 6}]}',
            "'file_name' must be a name",
        ),
    ],
)
def test_coco_annotations_that_would_hurt(tmp_path, text, words):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match=f'a.json.*{words}'):
        read_instances(tmp_path / 'a.json')


@given(data=st.binary(max_size=100))
@fuzz
def test_image_lists(tmp_path, data):
    (tmp_path / 'a.txt').write_bytes(data)
    attempt(read_list, tmp_path / 'a.txt')
    attempt(read_image_list, str(tmp_path / 'a.txt'))


@given(data=damaged(png()))
@fuzz
def test_masks(tmp_path, data):
    (tmp_path / 'a.png').write_bytes(data)
    attempt(read_mask, tmp_path / 'a.png')
    attempt(check_size, np.zeros((9, 9)), 'mask', tmp_path / 'a.png')


@given(data=damaged(mat()))
@fuzz
def test_matlab_files(tmp_path, data):
    (tmp_path / 'a.mat').write_bytes(data)
    attempt(read_mat, tmp_path / 'a.mat')


@given(data=damaged(tar('w')) | damaged(tar('w:gz')))
@fuzz
def test_tar_files(tmp_path, data):
    (tmp_path / 'a.tar').write_bytes(data)
    out = tmp_path / 'out'
    attempt(unpack, tmp_path / 'a.tar', out, 'top/')
    if out.exists():
        out.joinpath('a').unlink(missing_ok=True)
        out.rmdir()
    assert [path.name for path in tmp_path.iterdir()] == ['a.tar']


@given(data=damaged(zipped()))
@fuzz
def test_zip_files(tmp_path, data):
    (tmp_path / 'a.zip').write_bytes(data)

    def read(path):
        source = open_sbd(path, tmp_path / 'out')
        for file in source.values():
            read_sbd_mask(file)

    attempt(read, tmp_path / 'a.zip')
