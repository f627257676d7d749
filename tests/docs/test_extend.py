"""The example of docs/extend.md, run as it stands."""

import re

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from tests.golden import ROOT
from tests.models.networks import small_assigner, small_batch, small_model


def test_a_rival_threshold_is_one_config_entry(tmp_path):
    text = (ROOT / 'docs' / 'extend.md').read_text()
    code, entry = re.findall(r'```python\n(.*?)```', text, flags=re.DOTALL)
    exec(code, {'__name__': __name__})
    base = ROOT / 'configs' / 'cosa' / 'cosa_vit-b_voc.py'
    path = tmp_path / 'config.py'
    path.write_text(f'_base_ = {str(base)!r}\n{entry}')
    assigner = Config.fromfile(path).model.assigner
    assert assigner.cam_labeler.threshold == dict(
        type='MeanThreshold', decay=0.9
    )
    init_default_scope('mmseg')
    model = MODELS.build(
        small_model(
            assigner=small_assigner(
                cam_labeler=assigner.cam_labeler.to_dict(),
                reliability=assigner.reliability.to_dict(),
            )
        )
    )
    model.train()
    batch = small_batch([[0], [1, 2]])
    losses = model.loss(**model.data_preprocessor(batch, training=True))
    assert losses['xi'] != torch.tensor(0.5)
    assert all(value.isfinite() for value in losses.values())
