"""Training and testing ask for no address and open no connection."""

import socket

import pytest

from cosa_mmseg.datasets.shapes.shapes import write_shapes

from .calls import cosa
from .test_untrusted_checkpoints import CONFIG, INIT, SMALL


@pytest.fixture
def asked(monkeypatch):
    """What is asked of the network, all of which is refused."""
    asked = []

    def refuse(name):
        def call(*args, **kwargs):
            asked.append((name, args))
            raise OSError(f'{name} is blocked')

        return call

    for name in ('getaddrinfo', 'gethostbyname', 'create_connection'):
        monkeypatch.setattr(socket, name, refuse(name))

    class Socket(socket.socket):
        """A socket between processes of one machine, or none."""

        def __init__(self, family=-1, *args, **kwargs):
            if family != socket.AF_UNIX and kwargs.get('fileno') is None:
                refuse('socket')(family)
            super().__init__(family, *args, **kwargs)

    monkeypatch.setattr(socket, 'socket', Socket)
    return asked


def test_the_block_blocks(asked):
    with pytest.raises(OSError, match='socket is blocked'):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with pytest.raises(OSError, match='getaddrinfo is blocked'):
        socket.getaddrinfo('localhost', 80)
    socket.socket(socket.AF_UNIX).close()
    assert [name for name, _ in asked] == ['socket', 'getaddrinfo']


@pytest.mark.slow
def test_training_and_testing_need_no_network(asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_shapes('shapes', num_train=1, num_eval=1, size=48)
    options = ('--cfg-options', *SMALL, f'{INIT}=None')
    cosa('train', CONFIG, '--work-dir=OUT', *options)
    test = ('test', CONFIG, 'OUT/iter_1.pth', '--work-dir=OUT', '--tta')
    cosa(*test, *options)
    assert len(list(tmp_path.glob('OUT/*/2*.json'))) == 1  # scores
    assert not asked
