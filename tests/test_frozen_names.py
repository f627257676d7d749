"""What users have in checkpoints and configs keeps its names."""

import json

from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

import cosa_mmseg  # noqa: F401
from cosa_mmseg.config.config_path import find_config
from tests.golden import ROOT

FROZEN = json.loads((ROOT / 'tests/data/frozen_names.json').read_text())
REGISTRIES = (
    'DATASETS',
    'DATA_SAMPLERS',
    'HOOKS',
    'LOOPS',
    'METRICS',
    'MODELS',
    'OPTIM_WRAPPERS',
    'OPTIM_WRAPPER_CONSTRUCTORS',
    'PARAM_SCHEDULERS',
    'TRANSFORMS',
    'VISBACKENDS',
)


def registered() -> dict[str, list[str]]:
    """Names of this project's parts by registry."""
    import mmengine.registry as registries

    return {
        registry: sorted(
            name
            for name, part in getattr(registries, registry).module_dict.items()
            if part.__module__.startswith('cosa_mmseg.')
        )
        for registry in REGISTRIES
    }


def state_keys() -> list[str]:
    """Names of the weights of the default recipe's model."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(find_config('cosa_vit-b_voc'))
    return sorted(MODELS.build(cfg.model).state_dict())


def test_registered_parts_keep_their_names():
    now = registered()
    for registry, names in FROZEN['registered'].items():
        assert set(names) <= set(now[registry]), registry


def test_weights_keep_their_names():
    assert state_keys() == FROZEN['state_dict']
