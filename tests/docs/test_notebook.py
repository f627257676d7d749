"""The notebook runs from top to bottom, here with few pictures.

What the pages show of it is stored in the file. To run it anew:
``jupyter execute --inplace docs/notebooks/from_tags_to_segmentation.ipynb``,
after ``make demo``.
"""

import os
import subprocess
import sys

import nbformat
import pytest

from tests.golden import ROOT

PATH = ROOT / 'docs' / 'notebooks' / 'from_tags_to_segmentation.ipynb'
EXECUTE = 'from nbclient.cli import main; main()'  # `jupyter execute`
SMALL = """
num_train, num_eval = 16, 5
warmup, iterations = 4, 10
backbone = folder / 'none'
"""


@pytest.fixture
def notebook():
    return nbformat.read(PATH, as_version=4)


def text_of(cell):
    return ''.join(output.get('text', '') for output in cell.outputs)


@pytest.mark.slow
def test_it_runs(notebook, tmp_path):
    tags = [cell.metadata.get('tags') for cell in notebook.cells]
    place = tags.index(['parameters']) + 1
    notebook.cells.insert(place, nbformat.v4.new_code_cell(SMALL))
    nbformat.write(notebook, tmp_path / 'small.ipynb')
    subprocess.run(
        [sys.executable, '-c', EXECUTE, '--inplace', 'small.ipynb'],
        cwd=tmp_path,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'TMPDIR': str(tmp_path)},
        check=True,
        timeout=300,
    )
    done = nbformat.read(tmp_path / 'small.ipynb', as_version=4)
    codes = [cell for cell in done.cells if cell.cell_type == 'code']
    texts = [text_of(cell) for cell in codes]
    assert 'masks of train: 0\nmasks of val: 5' in ''.join(texts)
    assert [line.split()[0] for line in texts[-1].splitlines()] == [
        'mIoU',
        'mIoU_label_filtered',
        'cam_mIoU',
        'cam_mIoU_label_filtered',
        'cls_mAP',
    ]
    pictures = [o.data for cell in codes for o in cell.outputs if 'data' in o]
    assert ['image/jpeg' in data for data in pictures] == [True] * 3


def test_what_is_stored_was_run_from_top_to_bottom(notebook):
    codes = [cell for cell in notebook.cells if cell.cell_type == 'code']
    counts = [cell.execution_count for cell in codes]
    assert counts == list(range(1, len(codes) + 1))
    outputs = [output for cell in codes for output in cell.outputs]
    assert not any(output.output_type == 'error' for output in outputs)
    assert not any(output.get('name') == 'stderr' for output in outputs)
    scores = dict(line.split()[:2] for line in text_of(codes[-1]).splitlines())
    assert float(scores['mIoU']) < float(scores['mIoU_label_filtered'])
    assert str(ROOT.parent) not in PATH.read_text()
