"""Checkpoints that are broken, or of something else: one sentence for each."""

import re
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.conftest import isolated_mmengine

from .calls import cosa
from .toy import ToyModel

FILE = 'a.pth'
OTHER = {'conv1.weight': torch.zeros(1), 'fc.weight': torch.zeros(1)}


def save(state):
    """A file with all that a run is resumed from."""
    hub = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    content = dict(meta=dict(iter=1, epoch=0), message_hub=hub, optimizer={})
    content['state_dict'] = state
    torch.save(content, FILE)


def weights(**changes):
    """Those of the model, some of them replaced, added or, by None, gone."""
    state = {f'layer.{k}': v for k, v in changes.items()}
    state = {**ToyModel().state_dict(), **state}
    return {k: v for k, v in state.items() if v is not None}


def truncated():
    save(weights())
    content = Path(FILE).read_bytes()
    Path(FILE).write_bytes(content[: len(content) // 2])


def flipped():
    save(weights(weight=torch.full((1, 3), 0.5)))
    content = bytearray(Path(FILE).read_bytes())
    content[content.index(torch.full((3,), 0.5).numpy().tobytes())] ^= 1
    Path(FILE).write_bytes(content)


# What is in the file; what `cosa test` says of it, and `cosa train` with
# load_from; what is said with --resume, if that is another
UNREADABLE = 'is no checkpoint of PyTorch, or a part of one'
UNFIT = f'{FILE} does not fit the model of .*toy.py: '
CASES = {
    'missing': (lambda: None, 'no file', 'there is no checkpoint a.pth'),
    'folder': (lambda: Path(FILE).mkdir(), 'is a folder', 'there is no'),
    'zero bytes': (
        lambda: Path(FILE).touch(),
        'is empty .0 bytes.: download or copy',
        '',
    ),
    'text': (lambda: Path(FILE).write_text('text'), UNREADABLE, ''),
    'picture': (
        lambda: Image.new('RGB', (9, 9)).save(FILE, 'PNG'),
        UNREADABLE,
        '',
    ),
    'truncated': (truncated, UNREADABLE, ''),
    'flipped bit': (flipped, f'{FILE} is damaged .the check sum of', ''),
    'NaN': (
        lambda: save(weights(bias=torch.tensor([torch.nan]))),
        f"{FILE} holds NaN or infinity in 'layer.bias': its training div",
        '',
    ),
    'escape codes': (
        lambda: save(weights(**{'a\n\x1b[31m': torch.zeros(1)})),
        r"a weight named 'layer\.a\\n\\x1b\[31m', which is no name",
        '',
    ),
    'no weights': (lambda: save({}), f'{UNFIT}it holds no weights', ''),
    'other project': (
        lambda: save(OTHER),
        f'{UNFIT}it has none of its weights, but conv1.weight and 1 more: ',
        '',
    ),
    'other classes': (
        lambda: save(weights(weight=torch.zeros(2, 3))),
        rf'{UNFIT}its layer\.weight is \(2, 3\), not \(1, 3\): take the '
        'config .*number of classes',
        '',
    ),
    'smaller': (
        lambda: save(weights(bias=None)),
        rf'{UNFIT}it lacks layer\.bias: take the config',
        '',
    ),
    'larger': (
        lambda: save(weights(scale=torch.zeros(1), shift=torch.zeros(1))),
        rf'{UNFIT}it has layer\.scale and 1 more besides: ',
        '',
    ),
}


def contents(folder):
    """All files below a folder."""
    paths = (path for path in folder.rglob('*') if path.is_file())
    return {path: path.read_bytes() for path in paths}


def refusal(tool, *args):
    """The sentence with which a tool ends; it has written nothing to keep."""
    with pytest.raises(SystemExit) as caught:
        cosa(tool, *args, '--work-dir=OUT')
    message = caught.value.code
    assert message.startswith('error: ')
    assert FILE in message
    assert '\n' not in message
    assert tool == 'test' or not Path('OUT').exists()
    assert not list(Path('OUT').rglob('*.pth'))
    assert not list(Path('OUT').rglob('last_checkpoint'))
    assert not list(Path('OUT').rglob('scalars.json'))
    return message


@pytest.mark.parametrize('case', CASES)
def test_what_testing_says(case, toy_config):
    write, message, _ = CASES[case]
    write()
    assert re.search(message, refusal('test', toy_config, FILE))


@pytest.mark.parametrize('case', CASES)
def test_what_resuming_says(case, toy_config):
    write, message, earlier = CASES[case]
    write()
    said = refusal('train', toy_config, '--resume', FILE)
    assert re.search(earlier or message, said)


LOAD_FROM = ('--cfg-options', f'load_from={FILE}')
TAKEN = ('other classes', 'smaller', 'larger')


@pytest.mark.parametrize('case', [case for case in CASES if case not in TAKEN])
def test_what_starting_from_it_says(case, toy_config):
    write, message, _ = CASES[case]
    write()
    said = refusal('train', toy_config, *LOAD_FROM)
    assert re.search('is no file' if case == 'folder' else message, said)


def test_training_may_start_from_a_part(toy_config):
    bias = torch.tensor([100.0])
    save(weights(weight=torch.zeros(2, 3), bias=bias))
    cosa('train', toy_config, '--work-dir=OUT', *LOAD_FROM)
    trained = torch.load('OUT/iter_4.pth', weights_only=False)['state_dict']
    assert torch.allclose(trained['layer.bias'], bias, atol=0.1)


def option(classes):
    """Classes of the data sets, of `background` and others."""
    value = f'[background,{",".join(classes)}]'
    sets = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    return [f'{name}.dataset.classes={value}' for name in sets]


@pytest.fixture
def trained(toy_config):
    """A work dir with a checkpoint of three classes."""
    classes = option(['cat', 'dog'])
    with isolated_mmengine(__name__):  # as if in a process of its own
        cosa(
            *('train', toy_config, '--work-dir=OUT', '--cfg-options'), *classes
        )
    return Path('OUT')


CAT_DOG = r"its class 1 is 'cat', not 'dog' and 2 is 'dog', not 'cat': the .*"
OTHER_CLASSES = {
    'reordered': (['dog', 'cat'], CAT_DOG),
    'renamed': (['cat', 'zebra'], "its class 2 is 'dog', not 'zebra'; give"),
    'other number': (['cat'], 'it has 3 classes, and not 2; give'),
}


@pytest.mark.parametrize('case', OTHER_CLASSES)
@pytest.mark.parametrize('tool', ['resume', 'test'])
def test_other_classes_are_refused(tool, case, toy_config, trained):
    """The weights have the same shapes."""
    classes, said = OTHER_CLASSES[case]
    before = contents(trained)
    call = {
        'resume': ['train', toy_config, '--resume', '--work-dir=OUT'],
        'test': ['test', toy_config, 'OUT/iter_4.pth', '--work-dir=OUT'],
    }[tool]
    with pytest.raises(SystemExit, match=f'^error: .*iter_4.pth .* {said}'):
        cosa(*call, '--cfg-options', *option(classes))
    after = contents(trained)
    if tool == 'test':  # it has a log of its own, in a folder
        before, after = (
            {path: found[path] for path in before if path.parent == trained}
            for found in (before, after)
        )
        assert Path('OUT/toy.py') in after
    assert after == before


def test_training_may_start_from_other_classes(toy_config, trained):
    start = ['--work-dir=NEW', '--cfg-options', 'load_from=OUT/iter_4.pth']
    with pytest.raises(SystemExit, match=f'iter_4.pth .* {CAT_DOG}'):
        cosa('train', toy_config, *start, *option(['dog', 'cat']))
    assert not Path('NEW').exists()
    cosa('train', toy_config, *start, *option(['cat', 'zebra']))
    log = next(Path('NEW').glob('*/*.log')).read_text()
    start = 'from whose weights the heads start: its class 2 is'
    assert f"{start} 'dog', not 'zebra'" in log
