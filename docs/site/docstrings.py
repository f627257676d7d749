"""Turns what is reStructuredText in docstrings into Markdown, for the site."""

import re
from textwrap import dedent, indent

import griffe

ROLE = re.compile(r':(?:class|func|meth|mod|data):`~?\.*([^`]+)`')
MATH_ROLE = re.compile(r':math:`([^`]+)`')
MATH = re.compile(r'^( *)\.\. math::\n((?:\1 +.*\n?|\n)+)', re.MULTILINE)
TABLE = re.compile(r'^(=+ [= ]+\n.+\n=+ [= ]+\n(?:.+\n)+?=+ [= ]+)$', re.M)
LITERAL = re.compile(r'::$', re.MULTILINE)


class Markdown(griffe.Extension):
    """Roles become links, ``.. math::`` a formula."""

    def on_package(self, *, pkg, **kwargs):
        """Rewrite all docstrings, when all names are known."""
        objects = list(walk(pkg))
        paths = {}
        for obj in objects:
            paths.setdefault(obj.name, obj.path)
        for obj in objects:
            if obj.docstring:
                obj.docstring.value = to_markdown(obj.docstring.value, paths)


def walk(obj):
    """An object and all that is defined below it."""
    yield obj
    for member in obj.members.values():
        if not member.is_alias:
            yield from walk(member)


def table(match):
    """A simple table, whose columns are as wide as their lines of ``=``."""
    lines = match[0].splitlines()
    starts = [column.start() for column in re.finditer('=+', lines[0])]
    ends = [*starts[1:], None]
    rows = [
        [line[a:b].strip() for a, b in zip(starts, ends, strict=True)]
        for line in lines
        if not line.startswith('=')
    ]
    rows.insert(1, ['---'] * len(starts))
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def to_markdown(text, paths):
    """A docstring without directives and roles.

    Args:
        text (str): The docstring.
        paths (dict[str, str]): Where the project's names are defined.
    """

    def link(match):
        name = match[1]
        path = paths.get(name.split('.')[-1])
        if path is None:
            return f'`{name}`'
        # optional: not all that is named has a place in the reference
        return f'<autoref identifier="{path}" optional>`{name}`</autoref>'

    def formula(match):
        lines = dedent(match[2]).strip()
        return indent(f'\n$$\n{lines}\n$$\n\n', match[1])

    text = MATH.sub(formula, text)
    text = TABLE.sub(table, text)
    text = MATH_ROLE.sub(r'$\1$', text)
    return LITERAL.sub(':', ROLE.sub(link, text))
