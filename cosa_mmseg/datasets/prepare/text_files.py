"""The image lists and label files that converters write."""

import json
from pathlib import Path

from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.reading import read_bytes


def list_text(img_ids: list[str]) -> str:
    """Return an image list: one id a line."""
    return ''.join(f'{img_id}\n' for img_id in img_ids)


def json_text(value: object) -> str:
    """Return JSON in one line."""
    return json.dumps(value, ensure_ascii=False)


def labels_text(labels: dict[str, list[str]]) -> str:
    """Return a label file: a JSON object with one image a line."""
    lines = (f'{json_text(i)}: {json_text(labels[i])}' for i in labels)
    return '{\n' + ',\n'.join(lines) + '\n}\n'


def write_missing(texts: dict[Path, str]) -> None:
    """Write the files that are not there, each whole or not at all.

    Args:
        texts: What the files shall hold.

    Raises:
        FileExistsError: A file is there and holds something else; nothing is
            written then.
    """
    for path, text in texts.items():
        if path.exists() and read_bytes(path) != text.encode():
            raise FileExistsError(
                f'{path} holds something else than what would be written: '
                'move it away to have it written anew'
            )
    for path, text in texts.items():
        if not path.exists():
            with atomic_file(path) as unfinished:
                unfinished.write_bytes(text.encode())
