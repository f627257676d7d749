"""What mim reads: every recipe is listed, and what it says is true."""

from collections.abc import Mapping
from pathlib import Path

import modelindex
import pytest
from mmengine.config import Config

from tests.golden import ROOT

# protocols that score another recipe's model, and models that were trained
NO_RECIPES = ('_base_', 'evaluation', 'trained')
RECIPES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / 'configs').rglob('*.py')
    if not {*NO_RECIPES} & {*path.parts}
)
DATA = {
    'VOC2012': 'PASCAL VOC 2012',
    'coco2014': 'MS COCO 2014',
    'custom': "one's own",
    'shapes': 'shapes',
    'shapes_pretrain': 'shapes, of other classes',
}  # by data_root
# in the paper: the index states no other figure
PUBLISHED = {
    'cosa_vit-b_voc': {'VOC 2012 val': 76.2, 'VOC 2012 test': 75.1},
    'cosa_vit-b_coco': {'COCO 2014 val': 51.0},
}


@pytest.fixture(scope='module')
def models():
    index = modelindex.load(str(ROOT / 'model-index.yml'))
    index.build_models_with_collections()
    assert index.check(silent=True) == []
    return {model.config: model for model in index.models}


def test_each_recipe_is_listed_once(models):
    assert sorted(models) == RECIPES
    names = [model.name for model in models.values()]
    assert len(set(names)) == len(names) == len(RECIPES)


@pytest.mark.parametrize('recipe', RECIPES)
def test_what_is_said_is_what_the_config_does(recipe, models):
    cfg = Config.fromfile(ROOT / recipe)
    model = models[recipe]
    said = model.metadata.data
    assert recipe.endswith(f'/{model.name}.py')
    assert said['Batch Size'] == cfg.train_cfg.total_batch_size
    assert said.get('Iterations') == cfg.train_cfg.get('max_iters')
    root = cfg.train_dataloader.dataset.data_root
    assert DATA[Path(root).name] == said['Training Data']


def test_no_result_is_claimed(models):
    for model in models.values():
        assert model.results is None
        assert model.weights is None
        figures = model.metadata.data.get('Published mIoU')
        if isinstance(figures, Mapping):
            figures = dict(figures)
            assert 'not reproduced here' in figures.pop('By')
        assert figures == PUBLISHED.get(model.name)
