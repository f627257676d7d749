"""A browser without a window, for the tests of pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path('/usr/bin/chromium')


@contextmanager
def browser_page(width: int = 1200, height: int = 900) -> Iterator[Any]:
    """An empty page of playwright; skips the test where it cannot be had."""
    sync_api = pytest.importorskip('playwright.sync_api')
    if not CHROMIUM.is_file():
        pytest.skip(f'needs {CHROMIUM}')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=['--no-sandbox']
        )
        try:
            yield browser.new_page(viewport=dict(width=width, height=height))
        finally:
            browser.close()
