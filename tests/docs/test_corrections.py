"""Every command of docs/corrections.md, run in the order of the page."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.calls import cosa
from tests.cli.test_custom_data import PICTURES, TINY, write_pictures
from tests.golden import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / 'docs' / 'corrections.md').read_text()
COMMANDS = [
    shlex.split(block.replace('\\\n', ' '))
    for block in re.findall(r'```bash\n(.*?)```', PAGE, flags=re.DOTALL)
]
RECIPE = 'cosa_efficientnet-lite0_custom'
WORK = f'work_dirs/{RECIPE}'
# of the tiny network that is trained in its place
PLACES = {
    RECIPE: f'cut_down/{RECIPE}.py',
    f'{WORK}/iter_692.pth': f'{WORK}/iter_2.pth',
}


def write_export():
    """Tags as Label Studio exports them."""
    tasks = []
    for number, (name, names) in enumerate(PICTURES.items(), 1):
        value = dict(choices=names)
        result = dict(
            type='choices', from_name='tag', to_name='image', value=value
        )
        data = dict(image=f'/data/local-files/?d={name}')
        tasks.append(
            dict(id=number, data=data, annotations=[dict(result=[result])])
        )
    Path('export.json').write_text(json.dumps(tasks))


def test_the_loop(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path)
    Path('my/labels.csv').unlink()
    write_export()
    recipe = tmp_path / PLACES[RECIPE]
    recipe.parent.mkdir()
    recipe.write_text(TINY)
    results = [
        'my/labels.json',
        f'{WORK}/iter_2.pth',
        'draft/seg_masks/coco.json',
        'review/first.png',
        'my/corrected/7.png',
        'work_dirs/second/iter_2.pth',
    ]
    for (name, *args), result in zip(COMMANDS, results, strict=True):
        assert name == 'cosa'
        if args[:2] == ['prepare', 'masks']:  # the tool, in between
            shutil.copy('draft/seg_masks/coco.json', 'corrected.json')
        assert not cosa(*(PLACES.get(arg, arg) for arg in args))
        assert Path(result).stat().st_size
    printed = capfd.readouterr()
    said = printed.out + printed.err
    assert 'Label Studio JSON, 4 images, 3 classes, 0 without a label' in said
    assert 'trained with masks of ' in said
    corrected = np.asarray(Image.open('my/corrected/7.png'))
    (path,) = Path('draft/seg').glob('7.*')
    draft = np.asarray(Image.open(path))
    assert np.array_equal(corrected, draft)
