"""The page: what is on it, and that it stands alone."""

import json
import re

import pytest

from cosa_mmseg.visualization.report import write_report
from tests.browser import browser_page

from .folders import (
    train_row,
    val_row,
    write_run,
)

EVIL = '<script>alert(1)</script><img src=http://example.com/a.png>'
INFO = dict(
    command=f'python tools/train.py "{EVIL}"',
    versions=dict(torch='2.99'),
    seed=17,
    device='a GPU',
    processes=2,
    max_iters=200,
    finished=True,
)
SECTIONS = ['scores', 'curves', 'pictures', 'classes', 'runs', 'config']


@pytest.fixture
def work_dir(tmp_path):
    """A whole training whose names try to break out of the page."""
    folder = tmp_path / 'cosa <i>'
    rows = [train_row(50), train_row(100), val_row(100)]
    rows += [
        train_row(200, cpl_foreground=0.3, loss_energy=-0.1),
        val_row(200, online_mIoU=51.25, cam_mIoU_best=40.0, evil=EVIL),
    ]
    run = write_run(
        folder,
        '1',
        rows,
        dict(cat=range(10, 110, 10), dog=[100]),
        INFO,
        dict(
            iteration=200,
            classes=['background', EVIL],
            matrix=[[9, 1], [5, 5]],
        ),
    )
    (run / 'vis_data' / 'config.py').write_text(f"a = '{EVIL}'\n")
    return folder


def text_of(html, section):
    """A section without its tags."""
    found = re.search(f'<section id="{section}">(.*?)</section>', html, re.S)
    return re.sub('<[^>]*>', ' ', found[1])


def test_everything_is_there_and_escaped(work_dir):
    path = write_report(work_dir)
    assert path == work_dir / 'report.html'
    html = path.read_text()
    assert re.findall('<section id="(.*?)"', html) == SECTIONS
    assert '<script' not in html and '<img src=http' not in html
    assert 'Finished: 200 iterations.' in html
    assert html.count('data:image/jpeg') == 4 + 1  # of ten, four
    assert 'earlier: iteration 10, 40, 70' in html
    runs = text_of(html, 'runs')
    for fact in ('17', '2.99', 'a GPU', 'python tools/train.py', '0.25'):
        assert fact in runs
    assert 'a = &#39;&lt;script&gt;' in text_of(html, 'config')
    for title in ('Segmentation', 'Threshold ξ', 'Learning rate', 'Losses'):
        assert f'<h3>{title}</h3>' in html
    assert '<h3>CAM</h3>' not in html  # it was not scored
    assert 'never positive: loss_energy.' in html


def test_classes_are_the_worst_first_and_missing_scores_are_dashes(work_dir):
    matrix = [[80, 20, 0], [40, 60, 0], [0, 0, 0]]
    classes = ['background', 'boat', 'never']
    confusion = dict(iteration=7, classes=classes, matrix=matrix)
    (work_dir / '1' / 'confusion.json').write_text(json.dumps(confusion))
    text = text_of(write_report(work_dir).read_text(), 'classes')
    assert 'iteration 7' in text and 'nan' not in text
    boat, other = (text.index(f' {name} ') for name in ('boat', 'background'))
    assert boat < other < text.index(' never ')
    rows = [part.split() for part in text.splitlines()]
    assert ['50.0'] in rows and ['–'] in rows


def test_scores_keep_their_names_apart(work_dir):
    text = text_of(write_report(work_dir).read_text(), 'scores')
    free, filtered, best = re.split('Label-filtered: |Best of ', text)
    assert re.search(r'mIoU\s+50.0\s+51.25', free)
    assert '60.0' not in free and '40.0' not in free
    assert re.search(r'mIoU_label_filtered\s+60.0', filtered)
    assert not re.search(r'mIoU\s', filtered)
    assert re.search(r'cam_mIoU_best\s+40.0', best)


@pytest.mark.parametrize('with_info', [True, False])
def test_a_run_that_died_early_has_a_page(tmp_path, with_info):
    info = dict(INFO, finished=False) if with_info else None
    write_run(tmp_path, '1', [train_row(50)], info=info)
    broken = tmp_path / '1' / 'vis_data' / 'vis_image' / 'watch_cat_50.png'
    broken.write_bytes(b'\x89PNG')
    html = write_report(tmp_path).read_text()
    if with_info:
        assert 'Not finished, or still running' in html
        assert 'ends at iteration 50 of 200' in html
    else:
        assert 'ends at iteration 50.' in html
        assert 'Versions and seed: not recorded' in html
    assert 'There was no validation.' in html
    assert 'pictures of cat at iteration 50 can not be read' in html
    assert 'There is no confusion matrix' in html
    assert 'There is no config' in html


def test_a_picture_that_can_not_be_read_is_named(work_dir):
    broken = work_dir / '1' / 'vis_data' / 'vis_image' / 'watch_cat_40.png'
    broken.write_bytes(b'\x89PNG')
    html = write_report(work_dir).read_text()
    assert 'earlier: iteration 10, 70<' in html
    assert 'pictures of cat at iteration 40 can not be read' in html
    assert html.count('data:image/jpeg') == 3 + 1


def test_images_that_were_skipped_are_counted(tmp_path):
    info = dict(INFO, skipped=3, train_images=1800)
    write_run(tmp_path, '1', [train_row(50)], info=info)
    write_run(tmp_path, '2', [train_row(100)], info=dict(info, skipped=0))
    html = write_report(tmp_path).read_text()
    assert html.count('training images could not be used') == 1
    assert 'Run 1: 3 of 1800 training images could not be used' in html


def test_scores_of_images_that_were_trained_with_say_so(tmp_path):
    info = dict(INFO, trained_and_scored=0, scored_images=9)
    write_run(tmp_path, '1', [train_row(50)], info=info)
    assert 'are trained with' not in write_report(tmp_path).read_text()
    write_run(tmp_path, '2', [], info=dict(info, trained_and_scored=5))
    html = write_report(tmp_path).read_text()
    assert '5 of the 9 images that are scored are trained with' in html


def test_a_run_that_logged_nothing_has_a_page(tmp_path):
    write_run(tmp_path, '1', [], info=INFO)
    html = write_report(tmp_path, tmp_path / 'out' / 'page.html').read_text()
    assert html.startswith('<!doctype html>')
    assert 'Nothing was logged' in html and 'There are no pictures' in html


def test_a_browser_shows_it_without_an_error_or_a_request(work_dir, tmp_path):
    path = write_report(work_dir)
    messages, requests = [], []
    with browser_page() as page:
        page.on('console', lambda message: messages.append(message.text))
        page.on('pageerror', lambda error: messages.append(str(error)))
        page.on('dialog', lambda dialog: messages.append(dialog.message))
        page.on('request', lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        seen = [page.locator(f'#{name}').is_visible() for name in SECTIONS]
        widths = page.evaluate(
            '[...document.images].map(image => image.naturalWidth)'
        )
        overflow = page.evaluate(
            'document.documentElement.scrollWidth - window.innerWidth'
        )
        charts = page.locator('figure > svg').count()
        drawn = page.locator('figure > svg').first.bounding_box()
    assert seen == [True] * len(SECTIONS)
    assert messages == []
    assert [url for url in requests if not url.startswith('data:')] == [
        path.as_uri()
    ]
    assert widths == [50] * 5
    assert overflow <= 0
    assert charts >= 6
    assert drawn['width'] > 400 and drawn['height'] > 150


@pytest.mark.parametrize('width', [390, 1200])
def test_nothing_is_cut_off(tmp_path, width):
    rows = [train_row(step, lr=7.5e-4) for step in (50, 60000)]
    write_run(tmp_path, '1', [*rows, val_row(60000)], info=INFO)
    with browser_page(width) as page:
        page.goto(write_report(tmp_path).as_uri())
        overflow = page.evaluate(
            'document.documentElement.scrollWidth - window.innerWidth'
        )
        cut = page.evaluate(
            """[...document.querySelectorAll('figure > svg text')]
            .filter(text => {
                const place = text.getBoundingClientRect();
                const room = text.ownerSVGElement.getBoundingClientRect();
                return place.left < 0 || place.right > window.innerWidth
                    || window.innerWidth > 600
                    && (place.left < room.left || place.right > room.right);
            }).map(text => text.textContent)"""
        )
    assert overflow <= 0
    assert cut == []
