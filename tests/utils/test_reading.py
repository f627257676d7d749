"""Text files of any size, kind and encoding."""

import os
import socket

import pytest

from cosa_mmseg.datasets.image_files import read_image_list
from cosa_mmseg.datasets.label_files import read_labels
from cosa_mmseg.utils import reading
from cosa_mmseg.utils.reading import decode, read_bytes, read_json, read_text

READERS = [read_bytes, read_text, read_json, read_image_list, read_labels]


@pytest.fixture
def odd(tmp_path):
    """What is no regular file, as label files."""
    os.mkfifo(tmp_path / 'pipe.csv')
    (tmp_path / 'device.csv').symlink_to('/dev/zero')
    return tmp_path


@pytest.mark.parametrize('read', READERS)
@pytest.mark.parametrize('kind', ['pipe', 'device'])
def test_what_never_ends_is_refused(odd, kind, read):
    with pytest.raises(ValueError, match=f'{kind}.csv is a {kind}, and must'):
        read(str(odd / f'{kind}.csv'))


def test_sockets_and_folders_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind('s.txt')
        with pytest.raises(ValueError, match='s.txt is a socket, and must'):
            read_text('s.txt')
    with pytest.raises(ValueError, match='is a folder, and must be a file'):
        read_image_list(str(tmp_path))


@pytest.mark.parametrize('read', READERS)
def test_huge_files_are_refused_before_they_are_read(tmp_path, read):
    path = tmp_path / 'a.csv'
    with path.open('wb') as file:
        file.truncate(reading.MAX_BYTES + 1)
    with pytest.raises(ValueError, match='a.csv has more than 64 MiB'):
        read(str(path))


@pytest.mark.parametrize(
    'encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32']
)
@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
def test_marks_of_encodings_and_ends_of_lines(encoding, end):
    text = '\ufeffü,a\nKühe\n'
    assert decode(text.replace('\n', end).encode(encoding)) == text[1:]


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        ('a\nü\n'.encode('latin-1'), 'line 2: byte 0xfc is not UTF-8; save'),
        ('a\nb\n'.encode('utf-16-le'), 'line 1: a NUL character'),
        (b'\xff\xfea\0\n', 'line 1: byte 0x0a is not UTF-16; save the'),
    ],
)
def test_other_bytes_are_refused_with_the_line(data, message):
    with pytest.raises(ValueError, match=message):
        decode(data)
