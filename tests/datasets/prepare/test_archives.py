"""Tar files: what is unpacked, and what is refused."""

import bz2
import collections
import gzip
import io
import os
import tarfile
import zipfile

import pytest

from cosa_mmseg.datasets.prepare import archives
from cosa_mmseg.datasets.prepare.archives import unpack

TOP = 'VOCdevkit/VOC2012/'


def make(path, members, mode='w'):
    """A tar file of contents by name; in their place, headers to be set."""
    pairs = members.items() if isinstance(members, dict) else members
    with tarfile.open(path, mode) as archive:
        for name, content in pairs:
            member = tarfile.TarInfo(name)
            data = content if isinstance(content, bytes) else b''
            member.size = len(data)
            for key, value in {} if data == content else content.items():
                setattr(member, key, value)
            # sizes that are odd in the header itself
            odd = member.size != len(data)
            archive.format = tarfile.GNU_FORMAT if odd else tarfile.PAX_FORMAT
            archive.addfile(member, None if odd else io.BytesIO(data))
    return path


def link(target, kind=tarfile.SYMTYPE):
    return dict(type=kind, linkname=target)


def of_type(kind):
    return dict(type=kind)


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


def chain_of_links():
    """Links whose resolved path is longer than PATH_MAX (CVE-2025-4517)."""
    part, folder, links = 'd' * 247, '', 'abcdefghijklmnop'
    for name in links:
        yield TOP + folder + part, of_type(tarfile.DIRTYPE)
        yield TOP + folder + name, link(part)
        folder += f'{part}/'
    last = f'{"/".join(links)}/{"l" * 254}'
    yield TOP + last, link('../' * len(links))
    yield TOP + 'escape', link(f'{last}/../..')
    yield TOP + 'escape/evil', b'!'


SPARSE = {'GNU.sparse.map': '0,1', 'GNU.sparse.size': '99999999'}
HOSTILE = {
    'out of the tree': ([('../../../evil', b'!')], 'leads out'),
    'out of a folder': ([('a/../../evil', b'!')], 'leads out'),
    'link to a file': ([('link', link('/etc/passwd'))], 'symbolic link'),
    'link to a folder': (
        [('link', link('..')), ('link/evil', b'!')],
        'symbolic link',
    ),
    'hard link': (
        [('link', link('a.jpg', tarfile.LNKTYPE)), ('link', b'!')],
        'hard link',
    ),
    'FIFO': ([('a', of_type(tarfile.FIFOTYPE))], 'is a FIFO'),
    'device': ([('a', of_type(tarfile.CHRTYPE))], 'is a device'),
    'unknown kind': ([('a', of_type(b'Z'))], 'special kind'),
    'sparse': ([('a', dict(pax_headers=SPARSE))], 'sparse file'),
    'second size': ([('a', dict(pax_headers={'size': '4'}))], 'a size that'),
    'negative size': ([('a', dict(size=-512))], 'size that contradicts'),
    'twice': ([('a', b'1'), ('a', b'2')], 'there twice'),
    'upper and lower case': ([('a/b', b'1'), ('A/c', b'2')], "next to 'a/'"),
    'two spellings': (
        [('\u00e9', b'1'), ('e\u0301', b'2')],
        'same name on some',
    ),
    'file and folder': ([('a', b'1'), ('a/b', b'2')], 'there twice, or next'),
    'NUL': ([('a', dict(pax_headers={'path': f'{TOP}a\0b'}))], 'control char'),
    'escape sequence': ([('a\x1b[2J', b'1')], 'control character'),
    'backslash': ([('..\\..\\evil', b'1')], 'a backslash'),
    'not UTF-8': ([('a\udcff', b'1')], 'control character'),
    'long name': ([('a' * 256, b'1')], 'too long'),
    'long path': ([('a/' * 600 + 'b', b'1')], 'too long'),
    'long header': ([('a/' * 60_000, b'1')], 'header .* is too long'),
    'large file': (
        [('a', dict(size=archives.MAX_FILE_BYTES + 1))],
        '67108865',
    ),
    'no end of it': ([('a', dict(size=1 << 62))], 'unpacks to more than'),
}


@pytest.mark.parametrize('case', HOSTILE)
def test_hostile_members_are_refused_by_name(tmp_path, case):
    members, words = HOSTILE[case]
    good = [(TOP + 'JPEGImages/a.jpg', b'picture')]
    members = [(TOP + name, content) for name, content in members]
    check_refused(tmp_path, make(tmp_path / 'voc.tar', good + members), words)


def check_refused(tmp_path, archive, words):
    with pytest.raises(ValueError, match='cannot unpack .*voc.tar') as err:
        unpack(archive, tmp_path / 'data' / 'VOC2012', TOP)
    assert err.match(words)
    assert str(err.value).isprintable()
    assert [path.name for path in tmp_path.iterdir()] == ['voc.tar']


def test_links_that_are_longer_than_a_path_may_be(tmp_path):
    archive = make(tmp_path / 'voc.tar', chain_of_links())
    check_refused(tmp_path, archive, "2012/a' is a symbolic link")


def test_a_bomb_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    archive = tmp_path / 'voc.tar'
    with gzip.open(archive, 'wb') as file:
        for name in 'ab':
            member = tarfile.TarInfo(TOP + name)
            member.size = 50 << 20
            file.write(member.tobuf() + bytes(member.size))
        file.write(bytes(1024))
    assert archive.stat().st_size < 1 << 20
    check_refused(tmp_path, archive, "b': the archive unpacks to more than")
    monkeypatch.setattr(archives, 'ALWAYS_BYTES', 1 << 30)
    usage = collections.namedtuple('usage', 'free')(90 << 20)
    monkeypatch.setattr(archives.shutil, 'disk_usage', lambda _: usage)
    with pytest.raises(OSError, match='needs 100 MiB, but only 90 MiB are'):
        unpack(archive, tmp_path / 'data' / 'VOC2012', TOP)
    assert [path.name for path in tmp_path.iterdir()] == ['voc.tar']


def test_zeros_behind_the_end_of_an_archive_are_counted(tmp_path):
    archive = make(tmp_path / 'voc.tar', {TOP + 'a': b'1'}, 'w:gz')
    with gzip.open(archive, 'ab') as file:
        file.write(bytes(80 << 20))
    check_refused(tmp_path, archive, 'unpacks to more than')


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, 'MAX_MEMBERS', 3)
    members = {TOP + f'{i}': b'' for i in range(3)}
    unpack(make(tmp_path / 'voc.tar', members), tmp_path / 'out', TOP)
    archive = make(tmp_path / 'voc.tar', members | {'other/a': b''})
    with pytest.raises(ValueError, match="'other/a' is one of more than 3"):
        unpack(archive, tmp_path / 'out2', TOP)


def test_owners_and_permissions_are_not_those_of_the_archive(tmp_path):
    odd = dict(mode=0o6777, mtime=1)
    members = [
        (TOP + 'a', dict(odd, type=tarfile.DIRTYPE)),
        (TOP + 'a/b', odd),
    ]
    (tmp_path / 'mine').touch()
    unpack(make(tmp_path / 'voc.tar', members), tmp_path / 'out', TOP)
    found, mine = ((tmp_path / x).stat() for x in ('out/a/b', 'mine'))
    assert found.st_mode == mine.st_mode and found.st_mtime > 1
    assert (tmp_path / 'out/a').stat().st_mode & 0o7022 == 0


def test_a_kill_leaves_nothing_under_the_name(tmp_path, monkeypatch):
    members = {TOP + 'a': b'1', TOP + 'b': b'2'}
    archive = make(tmp_path / 'voc.tar', members)
    write = archives._write

    def killed(file, member, path):
        if path.name == 'b':
            os._exit(9)
        write(file, member, path)

    monkeypatch.setattr(archives, '_write', killed)
    if (child := os.fork()) == 0:
        unpack(archive, tmp_path / 'out', TOP)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not (tmp_path / 'out').exists()
    monkeypatch.undo()
    unpack(archive, tmp_path / 'out', TOP)
    assert sorted(p.name for p in (tmp_path / 'out').iterdir()) == ['a', 'b']


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


def in_a_zip_file(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        archive.writestr(TOP + 'a', content)
    return file.getvalue()


NO_TAR = {
    'text': (lambda tar: b'no archive', 'is broken or no archive'),
    'empty': (lambda tar: b'', 'is broken or no archive'),
    'web page': (lambda tar: b'<!doctype html>' * 99, 'is a web page'),
    'zip': (in_a_zip_file, 'is a zip file, not a tar file'),
    'HDF5': (lambda tar: b'\x89HDF\r\n\x1a\n' + tar, 'is an HDF5 file'),
    'bzip2': (bz2.compress, 'is compressed with bzip2'),
    'twice': (
        lambda tar: gzip.compress(gzip.compress(tar)),
        'is compressed twice',
    ),
    'wrong sum': (
        lambda tar: gzip.compress(tar)[:-8] + bytes(8),
        'CRC check failed.* is broken',
    ),
}


@pytest.mark.parametrize('case', NO_TAR)
def test_what_is_no_tar_file_is_said(tmp_path, case):
    change, words = NO_TAR[case]
    archive = make(tmp_path / 'voc.tar', {TOP + 'a': b'1'})
    archive.write_bytes(change(archive.read_bytes()))
    check_refused(tmp_path, archive, words)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / 'fifo')
    for name in ('fifo', '.'):
        with pytest.raises(ValueError, match='is not a regular file'):
            unpack(tmp_path / name, tmp_path / 'out', TOP)
    with pytest.raises(FileNotFoundError, match='b.tar'):
        unpack(tmp_path / 'b.tar', tmp_path / 'out', TOP)
    assert not (tmp_path / 'out').exists()
