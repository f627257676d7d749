"""``cosa page``; what it serves is tested in tests/demo_page."""

import sys

import pytest

from .calls import cosa, parse


def test_it_is_for_this_machine_by_default():
    options = parse('page', 'a.py', 'a.pth')
    assert (options.host, options.port) == ('127.0.0.1', 7860)


def test_a_port_that_cannot_be_is_code_2(capsys):
    with pytest.raises(SystemExit) as stop:
        parse('page', 'a.py', 'a.pth', '--port=65536')
    assert stop.value.code == 2
    assert '--port: must be 1 to 65535, got 65536' in capsys.readouterr().err


def test_missing_gradio_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    for name in ('page', 'server'):
        monkeypatch.delitem(
            sys.modules, f'cosa_mmseg.apis.demo_page.{name}', raising=False
        )
    with pytest.raises(SystemExit, match=r"install 'cosa_mmseg\[demo\]'"):
        cosa('page', 'a.py', 'a.pth')


def test_missing_config_is_said():
    pytest.importorskip('gradio')
    with pytest.raises(SystemExit, match='^error: .*nowhere.py'):
        cosa('page', 'nowhere.py', 'a.pth')
