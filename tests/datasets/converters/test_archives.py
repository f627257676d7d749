"""Tar files: what is unpacked, and what is refused."""

import io
import tarfile

import pytest

from cosa_mmseg.datasets.converters.archives import unpack

TOP = 'VOCdevkit/VOC2012/'


def make(path, members, mode='w'):
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                content = b''
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize('mode', ['w', 'w:gz'])
def test_what_is_below_the_top_is_unpacked(tmp_path, mode):
    members = {
        TOP + 'JPEGImages/a.jpg': b'picture',
        './' + TOP + 'Annotations/a.xml': b'text',
        'VOCdevkit/VOC2012.txt': b'beside it',
        'other/b.jpg': b'elsewhere',
    }
    archive = make(tmp_path / 'voc.tar', members, mode)

    unpack(archive, tmp_path / 'data' / 'VOC2012', TOP)

    files = [p for p in (tmp_path / 'data').rglob('*') if p.is_file()]
    contents = {
        str(path.relative_to(tmp_path)): path.read_bytes() for path in files
    }
    assert contents == {
        'data/VOC2012/JPEGImages/a.jpg': b'picture',
        'data/VOC2012/Annotations/a.xml': b'text',
    }


def test_some_parts(tmp_path):
    members = {'top/a/1': b'1', 'top/b/2': b'2', 'top/c.txt': b'3'}
    archive = make(tmp_path / 'a.tar', members)

    unpack(archive, tmp_path / 'out', 'top/', parts=('b/', 'c.txt'))

    names = sorted(p.name for p in (tmp_path / 'out').rglob('*'))
    assert names == ['2', 'b', 'c.txt']


@pytest.mark.parametrize(
    'members',
    [
        {TOP + '../../../evil': b'!'},
        {TOP + 'a/../../evil': b'!'},
        {TOP + 'link': '/etc/passwd'},
        {TOP + 'link': '..', TOP + 'link/evil': b'!'},
    ],
)
def test_nothing_is_written_elsewhere(tmp_path, members):
    good = {TOP + 'JPEGImages/a.jpg': b'picture'}
    archive = make(tmp_path / 'voc.tar', {**good, **members})

    with pytest.raises(ValueError, match='cannot unpack .*voc.tar'):
        unpack(archive, tmp_path / 'data' / 'VOC2012', TOP)

    assert not list(tmp_path.rglob('evil'))
    assert not list((tmp_path / 'data').iterdir())


@pytest.mark.parametrize('name', ['/evil', '../evil', 'other/evil'])
def test_what_is_not_below_the_top_is_passed_over(tmp_path, name):
    members = {TOP + 'a.jpg': b'picture', name: b'!'}

    unpack(make(tmp_path / 'voc.tar', members), tmp_path / 'out', TOP)

    assert [p.name for p in (tmp_path / 'out').rglob('*')] == ['a.jpg']
    assert not list(tmp_path.rglob('evil'))


def test_nothing_below_the_top(tmp_path):
    archive = make(tmp_path / 'voc.tar', {'VOC2007/a.jpg': b'1'})

    with pytest.raises(ValueError, match=f'voc.tar has nothing below {TOP}'):
        unpack(archive, tmp_path / 'out', TOP)

    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('mode', ['w', 'w:gz'])
def test_a_cut_archive_leaves_nothing(tmp_path, mode):
    members = {TOP + f'{i}.jpg': bytes(range(256)) * 9 for i in range(3)}
    archive = make(tmp_path / 'voc.tar', members, mode)
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 3])

    with pytest.raises(ValueError, match='voc.tar .* is broken or no archive'):
        unpack(archive, tmp_path / 'out', TOP)

    assert [p.name for p in tmp_path.iterdir()] == ['voc.tar']


def test_no_archive(tmp_path):
    (tmp_path / 'a.tar').write_text('no archive')

    with pytest.raises(ValueError) as err:
        unpack(tmp_path / 'a.tar', tmp_path / 'out', TOP)

    assert 'a.tar' in str(err.value)
    assert '\n' not in str(err.value)
    with pytest.raises(FileNotFoundError, match='b.tar'):
        unpack(tmp_path / 'b.tar', tmp_path / 'out', TOP)
    assert not (tmp_path / 'out').exists()
