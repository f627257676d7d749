import json

import pytest

from tools.lab.ablation import (
    check_comparable,
    load_arms,
    select_arms,
)

from .fakes import (
    write_arms,
    write_lists,
)


def test_order_titles_and_numbers_come_from_list_and_configs(tmp_path):
    folder = write_arms(
        tmp_path / 'arms',
        tmp_path,
        plain={'title': 'CoSA'},
        cam={'score': 'cam_mIoU_best', 'baseline': 'plain'},
        another={},
    )
    (folder / '_base.py').write_text('no arm')
    arms = load_arms(folder)
    assert [arm.name for arm in arms] == ['plain', 'cam', 'another']
    plain, cam, _ = arms
    assert (plain.title, plain.score, plain.baseline) == ('CoSA', 'mIoU', None)
    assert (cam.score, cam.baseline) == ('cam_mIoU_best', 'plain')
    assert (plain.iterations, plain.batch) == (2, 4)
    chosen = select_arms(arms, ['another', 'plain'])
    assert [arm.name for arm in chosen] == ['plain', 'another']
    with pytest.raises(ValueError, match='no arm nix; the arms are plain'):
        select_arms(arms, ['plain', 'nix'])


def test_batch_of_the_loader_where_there_is_no_total(tmp_path):
    folder = write_arms(tmp_path / 'arms', tmp_path, plain={})
    config = folder / 'plain.py'
    text = config.read_text().replace(', total_batch_size=4', '')
    config.write_text(text)
    assert load_arms(folder)[0].batch == 2


def test_arms_that_train_longer_are_named(tmp_path):
    folder = write_arms(
        tmp_path / 'arms', tmp_path, a={}, b={'iterations': 3}, c={}
    )
    with pytest.raises(ValueError, match='iterations differ: 2 in a, c; 3 in'):
        check_comparable(load_arms(folder))
    config = folder / 'b.py'
    text = config.read_text().replace('max_iters=3', 'max_iters=2')
    config.write_text(text.replace('size=4', 'size=8'))
    with pytest.raises(ValueError, match='batch differ: 4 in a, c; 8 in b'):
        check_comparable(load_arms(folder))
    config.write_text(text)
    check_comparable(load_arms(folder))


def test_digest_follows_the_settings_and_nothing_else(tmp_path):
    folder = write_arms(tmp_path / 'arms', tmp_path, a={})
    config = folder / 'a.py'
    text = config.read_text()

    def digests(change):
        config.write_text(change)
        (arm,) = load_arms(folder)
        return arm.digest(), arm.digest(training_only=True)

    before = digests(text)
    assert digests('# a comment\n' + text) == before
    evaluated = digests(text.replace('IoUMetric', 'OtherMetric'))
    assert evaluated[0] != before[0]
    assert evaluated[1] == before[1]
    trained = digests(text.replace('size=2', 'size=1'))
    assert trained[0] != before[0]
    assert trained[1] != before[1]


def test_images_of_each_list(tmp_path):
    folder = write_arms(tmp_path / 'arms', tmp_path, a={})
    (arm,) = load_arms(folder)
    with pytest.raises(FileNotFoundError, match='no image list .*train.txt'):
        arm.count_images([])
    write_lists(tmp_path, train=5, val=2, tune=3)
    assert arm.count_images(['val', 'tune']) == {
        'train': 5,
        'val': 2,
        'tune': 3,
    }
    with pytest.raises(FileNotFoundError, match='nix.txt.*--splits'):
        arm.count_images(['nix'])


@pytest.mark.parametrize(
    ('entries', 'message'),
    [
        ('{', 'arms.json is not JSON'),
        ('[]', 'must hold an object'),
        ('{"a": {}}', '\'a\' needs a "title"'),
        ('{"a": "plain"}', '\'a\' needs a "title"'),
        ('{"a": {"title": "A", "base": "b"}}', r"has \['base'\]; allowed are"),
        ('{"a": {"title": "A", "baseline": "c"}}', "baseline 'c' of 'a' is"),
    ],
)
def test_malformed_lists_are_refused(tmp_path, entries, message):
    folder = write_arms(tmp_path / 'arms', tmp_path, a={})
    (folder / 'arms.json').write_text(entries)
    with pytest.raises(ValueError, match=message):
        load_arms(folder)


def test_list_and_folder_must_agree(tmp_path):
    folder = write_arms(tmp_path / 'arms', tmp_path, a={}, b={})
    (folder / 'arms.json').write_text(json.dumps({'a': {'title': 'A'}}))
    with pytest.raises(ValueError, match='does not list b'):
        load_arms(folder)
    (folder / 'a.py').unlink()
    (folder / 'b.py').unlink()
    with pytest.raises(FileNotFoundError, match="lists 'a', but there is no"):
        load_arms(folder)
    with pytest.raises(FileNotFoundError, match=r'no .*arms\.json: it lists'):
        load_arms(tmp_path)
    (folder / 'a.py').write_text('train_cfg = dict(max_epochs=3)')
    with pytest.raises(ValueError, match='no train_cfg.max_iters'):
        load_arms(folder)
