"""Pages of the site that are made of files which are kept elsewhere.

A hook of mkdocs. README, CONTRIBUTING, CHANGELOG and LICENSE of the checkout
become pages, their links rewritten; so do links of pages in ``docs`` to them.
The notebook becomes a page, with the pictures that are stored in it. Each
``reference/<package>.md`` of the navigation lists what
``cosa_mmseg.<package>`` exports.
"""

import re
from pathlib import Path

import nbformat
from mkdocs.structure.files import File
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = 'notebooks/from_tags_to_segmentation.ipynb'
PAGES = {
    'README.md': 'index.md',
    'CONTRIBUTING.md': 'contributing.md',
    'CHANGELOG.md': 'changelog.md',
    'LICENSE': 'license.md',
}
LINK = re.compile(r'(?<=\]\()([^)#\s:]+)(?=[)#])')


def on_files(files, config):
    """Add the pages to those in ``docs``."""
    pages = {page: root_page(name) for name, page in PAGES.items()}
    pages |= notebook_pages()
    pages |= {
        entry: reference_page(entry)
        for entry in entries(config.nav)
        if entry.startswith('reference/')
    }
    for uri, content in pages.items():
        files.append(File.generated(config, uri, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    """Lead links out of ``docs`` to the pages made of their targets."""

    def relink(match):
        name = match[1].removeprefix('../')
        return {**PAGES, NOTEBOOK: 'notebook.md'}.get(name, match[1])

    return LINK.sub(relink, markdown)


def root_page(name):
    """The page of a file at the top of the checkout."""
    text = (ROOT / name).read_text()
    if name == 'LICENSE':
        return f'# Licence\n\n```text\n{text}```\n'
    return LINK.sub(lambda match: match[1].removeprefix('docs/'), text)


def notebook_pages():
    """The notebook as Markdown, and the pictures of its outputs."""
    notebook = nbformat.read(ROOT / 'docs' / NOTEBOOK, as_version=4)
    exporter = MarkdownExporter()
    text, resources = exporter.from_notebook_node(notebook)
    pictures = resources['outputs'].items()
    return {'notebook.md': text, **{name: data for name, data in pictures}}


def reference_page(entry):
    """The page of a package."""
    module = entry.removeprefix('reference/').removesuffix('.md')
    return f'# {module}\n\n::: cosa_mmseg.{module}\n'


def entries(nav):
    """All paths of a navigation."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [path for part in parts for path in entries(part)]
