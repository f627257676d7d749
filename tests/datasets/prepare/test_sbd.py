"""SBD in each of its forms, whole and broken."""

import os
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

from cosa_mmseg.datasets.prepare.sbd import (
    open_sbd,
    read_mat,
    read_sbd_mask,
)
from cosa_mmseg.utils.label_map import write_label_map
from tests.datasets.voc_tree import (
    TINY_MASKS,
    write_mat,
    write_tiny_sbd,
)

NAME = '2008_000003'


@pytest.fixture
def sbd(tmp_path):
    return write_tiny_sbd(tmp_path / 'benchmark_RELEASE' / 'dataset')


@pytest.fixture
def pngs(tmp_path):
    """A folder of masks, grey as in the usual zip file."""
    folder = tmp_path / 'SegmentationClassAug'
    folder.mkdir()
    for name, rows in TINY_MASKS.items():
        image = Image.fromarray(np.array(rows, np.uint8))
        image.save(folder / f'{name}.png')
    (folder / '._x.png').write_bytes(b'of macOS')
    return folder


def zipped(folder):
    """The folder as a zip file, with what macOS adds."""
    path = folder.with_suffix('.zip')
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f'SegmentationClassAug/{file.name}')
        archive.writestr(f'__MACOSX/SegmentationClassAug/._{NAME}.png', b'x')
    return path


def tarred(sbd):
    path = sbd.parents[1] / 'benchmark.tgz'
    with tarfile.open(path, 'w:gz') as archive:
        archive.add(sbd.parent, 'benchmark_RELEASE')
    return path


def test_mats(sbd, tmp_path):
    source = open_sbd(sbd, tmp_path / 'SBD')

    assert source.keys() == TINY_MASKS.keys()
    mask = read_sbd_mask(source[NAME])
    assert mask.dtype == np.uint8
    assert mask.tolist() == TINY_MASKS[NAME]
    assert not (tmp_path / 'SBD').exists()


def test_pngs_in_a_folder_and_in_a_zip_file(pngs, tmp_path):
    for path in (pngs, zipped(pngs)):
        source = open_sbd(path, tmp_path / 'SBD')

        assert source.keys() == TINY_MASKS.keys()
        for name, rows in TINY_MASKS.items():
            assert read_sbd_mask(source[name]).tolist() == rows


def test_the_tar_file_is_unpacked_once(sbd, tmp_path):
    (sbd / 'img').mkdir()
    (sbd / 'img' / f'{NAME}.jpg').write_bytes(b'a picture that VOC has')
    archive = tarred(sbd)

    source = open_sbd(archive, tmp_path / 'SBD')

    assert source.keys() == TINY_MASKS.keys()
    assert read_sbd_mask(source[NAME]).tolist() == TINY_MASKS[NAME]
    there = sorted(path.name for path in (tmp_path / 'SBD').iterdir())
    assert there == ['cls', 'train.txt', 'val.txt']
    archive.write_bytes(b'')
    assert open_sbd(archive, tmp_path / 'SBD') == source


def remove(path):
    return lambda sbd: (sbd / path).unlink()


def write(path, text):
    return lambda sbd: (sbd / path).write_text(text)


def mat(content):
    def change(sbd):
        savemat(sbd / 'cls' / f'{NAME}.mat', content)

    return change


def mat_of(mask):
    return lambda sbd: write_mat(sbd / 'cls' / f'{NAME}.mat', np.array(mask))


BROKEN = {
    'no list': (remove('val.txt'), 'no image list .*dataset/val.txt'),
    'listed twice': (
        write('train.txt', f'{NAME}\n2007_000001\n'),
        "train.txt and val.txt together: 1 names .* '2007_000001'",
    ),
    'no mat': (
        remove(f'cls/{NAME}.mat'),
        f'1 of the 4 images .* have no mask; .*cls/{NAME}.mat',
    ),
    'nothing in it': (shutil.rmtree, 'no .*: sbd must be benchmark.tgz'),
    'no GTcls': (
        mat({'GTinst': 1}),
        f'{NAME}.mat is broken .*GTcls.Segmentat',
    ),
    'no struct': (
        mat({'GTcls': 1}),
        f'{NAME}.mat is broken .*GTcls.Segmentat',
    ),
    'no field': (
        mat({'GTcls': {'Boundaries': 1}}),
        f'{NAME}.mat is broken .*GTcls.Segmentation',
    ),
    'text': (
        mat({'GTcls': {'Segmentation': 'cat'}}),
        f'GTcls.Segmentation in .*{NAME}.mat must be a matrix .*U',
    ),
    'sparse': (
        mat({'GTcls': {'Segmentation': csc_matrix(np.eye(2))}}),
        'must be a matrix of class ids',
    ),
    'wrong id': (
        mat_of([[0, 21]]),
        f'{NAME}.mat holds the ids .21., but the 21 classes',
    ),
    'no whole id': (mat_of([[0, 0.5]]), 'must be a matrix of class ids'),
    'no id': (mat_of([[0, np.nan]]), 'must be a matrix of class ids'),
    'no MATLAB file': (
        write(f'cls/{NAME}.mat', 'Not Found\n' * 99),
        f'{NAME}.mat is broken or no MATLAB file',
    ),
}


@pytest.mark.parametrize('case', BROKEN)
def test_what_is_broken_is_named(sbd, tmp_path, case):
    change, message = BROKEN[case]
    change(sbd)

    with pytest.raises((OSError, ValueError), match=message):
        read_sbd_mask(open_sbd(sbd, tmp_path / 'SBD')[NAME])


def test_each_cut_of_a_mat_file_is_named(tmp_path):
    path = tmp_path / 'a.mat'
    write_mat(path, np.arange(20 * 21).reshape(20, 21) % 21)
    content = path.read_bytes()
    assert read_mat(path).max() == 20

    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match='a.mat is broken'):
            read_mat(path)


def test_a_mat_file_that_grows_is_refused(tmp_path):
    path = tmp_path / 'a.mat'
    huge = {'GTcls': {'Segmentation': np.zeros((5000, 5000), np.uint8)}}
    savemat(path, huge, do_compression=True)
    assert path.stat().st_size < 1 << 15
    with pytest.raises(ValueError, match='a.mat is broken .*more than 16777'):
        read_mat(path)


def test_a_mat_file_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / 'a.mat'
    noise = np.random.default_rng(0).integers(0, 21, (1500, 1500), np.uint8)
    savemat(path, {'GTcls': {'Segmentation': noise}}, do_compression=True)
    with pytest.raises(ValueError, match='a.mat is broken .*more than 52428'):
        read_mat(path)


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'fifo')
    with pytest.raises(ValueError, match='fifo is not a regular file'):
        open_sbd(tmp_path / 'fifo', tmp_path / 'SBD')


def test_folder_without_masks(tmp_path):
    with pytest.raises(ValueError, match='neither cls nor PNG .* sbd must be'):
        open_sbd(tmp_path, tmp_path / 'SBD')


def test_zip_file_without_masks(tmp_path):
    path = tmp_path / 'a.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('read.me', 'nothing')

    with pytest.raises(ValueError, match='a.zip has neither cls nor PNG'):
        open_sbd(path, tmp_path / 'SBD')


def test_a_name_twice_in_a_zip_file(pngs, tmp_path):
    path = zipped(pngs)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.write(pngs / f'{NAME}.png', f'other/{NAME}.png')

    with pytest.raises(ValueError, match=f"more than once.* '{NAME}'"):
        open_sbd(path, tmp_path / 'SBD')


def test_broken_masks_in_a_zip_file(pngs, tmp_path):
    (pngs / f'{NAME}.png').write_bytes(b'no picture')
    write_label_map(pngs / '2008_000004.png', np.array([[0, 33]]))
    source = open_sbd(zipped(pngs), tmp_path / 'SBD')

    with pytest.raises(ValueError, match=f'zip/.*Aug/{NAME}.png is broken'):
        read_sbd_mask(source[NAME])
    with pytest.raises(
        ValueError, match=r'2008_000004.png holds the ids \[33\]'
    ):
        read_sbd_mask(source['2008_000004'])


def test_a_changed_byte_in_a_zip_file_is_named(pngs, tmp_path):
    path = tmp_path / 'a.zip'
    content = (pngs / f'{NAME}.png').read_bytes()
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr(f'{NAME}.png', content)
    changed = content[:-20] + bytes([content[-20] ^ 1]) + content[-19:]
    path.write_bytes(path.read_bytes().replace(content, changed))

    with pytest.raises(ValueError, match=f'a.zip/{NAME}.png is broken'):
        read_sbd_mask(open_sbd(path, tmp_path / 'SBD')[NAME])


def test_a_member_that_needs_a_password_is_named(pngs, tmp_path):
    path = zipped(pngs)
    content = bytearray(path.read_bytes())
    start = content.rindex(b'PK\x01\x02', 0, content.rindex(b'2008_000004'))
    content[start + 8] |= 1  # the flag of an encrypted member
    local = content.index(b'2008_000004') - len('SegmentationClassAug/') - 24
    content[local] |= 1
    path.write_bytes(content)
    source = open_sbd(path, tmp_path / 'SBD')

    with pytest.raises(ValueError, match='000004.png is broken .*password'):
        read_sbd_mask(source['2008_000004'])


@pytest.mark.parametrize('make', [zipped, tarred])
def test_each_cut_of_an_archive_is_named(make, sbd, pngs, tmp_path):
    path = make(pngs if make is zipped else sbd)
    content = path.read_bytes()
    for size in range(0, len(content) - 10, 37):
        path.write_bytes(content[:size])
        with pytest.raises((OSError, ValueError)) as err:
            open_sbd(path, tmp_path / 'SBD')
        assert path.name in str(err.value)
        assert not (tmp_path / 'SBD').exists()
