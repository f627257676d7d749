"""The page in a browser."""

import socket
from urllib.parse import urlsplit

import pytest
from PIL import Image

from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.apis.demo_page.examples import find_examples
from tests.browser import browser_page
from tests.interop.models_out.samples import (
    cnn_network,
    write_training,
)

pytest.importorskip('gradio')
PLACES = [
    f'{network}-{kind}'
    for network in ('assignment', 'online')
    for kind in ('segmentation', 'CAM-mask', 'CAM')
]
SEGMENTATIONS, MASKS, CAMS = (
    {place for place in PLACES if place.endswith(f'-{kind}')}
    for kind in ('segmentation', 'CAM-mask', 'CAM')
)


@pytest.fixture
def root(tmp_path):
    write_training(tmp_path, cnn_network())
    (tmp_path / 'text.jpg').write_text('<b>hello</b>')
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """Addresses that the server connects to."""
    found = []
    connect = socket.socket.connect

    def record(self, address):
        if self.family != socket.AF_UNIX:
            found.append(address[0])
        return connect(self, address)

    monkeypatch.setattr(socket.socket, 'connect', record)
    return found


@pytest.fixture
def address(root, calls, monkeypatch):
    """A page that is served on a free port."""
    from cosa_mmseg.apis.demo_page.page import build_page
    from cosa_mmseg.apis.demo_page.server import serve

    monkeypatch.setenv('GRADIO_TEMP_DIR', str(root / 'cache'))
    inferencer = CoSAInferencer(root / 'tiny.json', root / 'iter_3.pth')
    page = build_page(inferencer, find_examples(inferencer.cfg))
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    yield serve(page, '127.0.0.1', port, block=False)
    page.close()


class Shown:
    """The pictures of a page, and which of them change."""

    def __init__(self, page):
        self.page = page
        self.now = dict.fromkeys(PLACES, '')

    def sources(self):
        return {
            place: self.page.locator(f'#{place} img').get_attribute('src')
            for place in PLACES
        }

    def changed(self, expected):
        """Waits until these pictures, and checks that only they, change."""
        for place in expected:
            self.page.wait_for_function(
                '([place, old]) => { const i = document.querySelector('
                '`#${place} img`); return i && i.complete && i.src'
                ' && i.src !== old }',
                arg=[place, self.now[place]],
                timeout=10_000,
            )
        now = self.sources()
        different = {p for p in PLACES if now[p] != self.now[p]}
        self.now = now
        assert different == expected

    def gone(self):
        """Waits until there is none of them."""
        images = self.page.locator('.picture img')
        images.first.wait_for(state='detached')
        self.page.wait_for_function(
            "!document.querySelector('.picture img')", timeout=10_000
        )
        self.now = dict.fromkeys(PLACES, '')

    def titles(self):
        return [
            self.page.locator(f'#{place} label').first.inner_text().strip()
            for place in PLACES[:3]
        ]


def upload_again(page, path):
    """Puts a file in the place of another."""
    page.locator('#file button[aria-label="Clear"]').click()
    page.locator('#file input[type=file]').set_input_files(path)


def test_a_picture_is_uploaded_and_looked_at(address, root, calls):
    requests, messages = [], []
    with browser_page(1360, 1080) as page:
        page.set_default_timeout(10_000)
        page.on('request', lambda request: requests.append(request.url))
        page.on('pageerror', lambda error: messages.append(str(error)))
        page.goto(address)
        page.locator('#threshold input[type=number]').fill('0.6')
        upload = page.locator('#file input[type=file]')
        upload.set_input_files(root / 'JPEGImages/a.jpg')
        shown = Shown(page)
        shown.changed({*PLACES})
        assert shown.titles()[:2] == [
            'Assignment network: segmentation',
            'Assignment network: CAM mask',
        ]
        legend = page.locator('#legend').inner_text()

        page.locator('#threshold input[type=number]').fill('0.1')
        shown.changed(MASKS)
        page.locator('#opacity input[type=number]').fill('0.2')
        shown.changed({*PLACES})
        page.locator('#classes label').nth(1).click()
        shown.changed(CAMS)
        assert page.locator('#legend').inner_text() != legend
        page.locator('#tags input').click()
        page.keyboard.type('bus')
        page.keyboard.press('Enter')
        page.keyboard.press('Escape')
        shown.changed(SEGMENTATIONS | MASKS)
        titles = shown.titles()
        assert titles[:2] == [
            'Assignment network: segmentation, label-filtered',
            'Assignment network: CAM mask, label-filtered',
        ]
        assert 'label-filtered' not in titles[2]
        assert 'label-filtered' in page.locator('#legend').inner_text()

        page.locator('#examples button').nth(1).click()
        shown.changed({*PLACES})
        page.screenshot(path=root / 'page.png')

        page.locator('#file button[aria-label="Clear"]').click()
        shown.gone()
        page.locator('#opacity input[type=number]').fill('0.3')
        upload.set_input_files(root / 'text.jpg')
        page.wait_for_selector('#message .bad')
        sentence = page.locator('#message').inner_text()
        assert 'label-filtered' not in page.content()
        upload_again(page, root / 'JPEGImages/a.jpg')
        shown.changed({*PLACES})
        assert not page.locator('#message .bad').is_visible()
        upload_again(page, root / 'text.jpg')
        shown.gone()
        assert page.locator('.toast-body').count() == 0  # an error in Python
    with Image.open(root / 'page.png') as screenshot:
        assert screenshot.size == (1360, 1080)
    assert sentence.startswith('text.jpg is damaged or no image')
    assert 'Traceback' not in sentence and str(root) not in sentence
    assert messages == []
    hosts = {urlsplit(url).hostname for url in requests}
    assert hosts - {None} == {'127.0.0.1'}  # None: data: and blob:
    assert {*calls} <= {'127.0.0.1', '::1', 'localhost'}


def test_a_port_that_is_taken_is_said(root):
    import gradio

    from cosa_mmseg.apis.demo_page.server import serve

    with socket.socket() as taken, gradio.Blocks() as page:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f'127.0.0.1:{port} cannot be lis'):
            serve(page, '127.0.0.1', port, block=False)


def test_another_model_is_refused(root):
    from cosa_mmseg.apis.demo_page.page import build_page

    inferencer = CoSAInferencer(root / 'tiny.json', root / 'iter_3.pth')
    inferencer.model = inferencer.model.online
    with pytest.raises(ValueError, match='two networks .* CAMEncoderDecoder'):
        build_page(inferencer, {})


def test_what_the_controls_give(root):
    from cosa_mmseg.apis.demo_page.page import DemoPage

    page = DemoPage(
        CoSAInferencer(root / 'tiny.json', root / 'iter_3.pth'), {}
    )
    path = str(root / 'JPEGImages/a.jpg')
    views, said, classes, *drawn = page.predict(path, [], 0.5, 0.5)
    assert (len(views), said['visible']) == (2, False)
    titles = [update['label'] for update in drawn[:-1]]
    name = classes['value']
    assert titles[2] == f'Assignment network: CAM of {name}'
    assert len(drawn) == len(page.drawn) == len(PLACES) + 1
    _, *tagged = page.tag(views, ['bus'], 0.5, 0.5, name)
    filtered = [u['label'].endswith(', label-filtered') for u in tagged[:-1]]
    assert filtered == [True, True, False] * 2
    assert 'label-filtered' in tagged[-1] and 'label-filt' not in drawn[-1]
    bad, said, _, *empty = page.predict(str(root / 'text.jpg'), [], 0.5, 0.5)
    assert bad is None and len(empty) == len(page.drawn)
    assert said['visible'] and '&lt;b&gt;' in said['value']
    assert page.predict(None, [], 0.5, 0.5)[1]['visible'] is False
