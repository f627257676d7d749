"""Turns the formulas of pages into MathML, which browsers draw themselves.

A hook of mkdocs: nothing is fetched, neither by the build nor by the reader.
"""

import html
import re

from latex2mathml.converter import convert
from mkdocs.plugins import get_plugin_logger

log = get_plugin_logger('maths')
FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL
)


def on_page_content(content, page, config, files):
    """Replace what ``pymdownx.arithmatex`` has marked."""

    def draw(match):
        display = 'inline' if match[1] == 'span' else 'block'
        drawn = convert(html.unescape(match[2]), display=display)
        for unknown in re.findall(r'\\\w*', drawn):
            log.warning('%s: a formula has %s', page.file.src_uri, unknown)
        return drawn

    return FORMULA.sub(draw, content)
