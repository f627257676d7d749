"""The test of every golden file is there, and a missing file skips."""

import pytest

from tests import golden
from tests.golden import ROOT

COVERED = {
    'adaptive_threshold',
    'bilateral_filter_raw',
    'cam_losses',
    'cam_to_masks',
    'dense_crf',
    'dense_energy_loss',
    'evaluation_metrics',
    'image_ops',
    'multiscale_cam_seg',
    'optimizer_schedule',
    'pixel_adaptive_refinement',
    'seg_losses',
    'seg_restrict_to_labels',
    'segmentation_head_and_vit',
    'training_steps',
}


def test_every_golden_file_is_read_by_a_golden_test():
    sources = [
        path.read_text()
        for path in (ROOT / 'tests').rglob('test_*.py')
        if path.name != 'test_golden_files.py'
    ]
    tests = '\n'.join(text for text in sources if 'def test_golden' in text)
    assert {name for name in COVERED if f"'{name}'" in tests} == COVERED


def test_a_named_folder_that_is_not_there_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv('COSA_GOLDENS', str(tmp_path / 'nowhere'))
    with pytest.raises(FileNotFoundError, match='nowhere'):
        golden.load('cam_losses')


def test_a_file_that_is_nowhere_skips_and_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv('COSA_GOLDENS', str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match='training_steps.npz'):
        golden.load('training_steps')


def test_small_files_are_kept_with_the_code(monkeypatch, tmp_path):
    monkeypatch.setenv('COSA_GOLDENS', str(tmp_path))
    assert golden.load('cam_losses')
    assert golden.meta('segmentation_head_and_vit')['tiny_vit']


def test_settings_are_those_of_the_set_that_has_the_file(
    monkeypatch, tmp_path
):
    monkeypatch.setenv('COSA_GOLDENS', str(tmp_path))
    (tmp_path / 'manifest.json').write_text('{"files": {}}')
    assert golden.meta('segmentation_head_and_vit')['tiny_vit']
