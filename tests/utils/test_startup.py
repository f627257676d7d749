import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule, base_module
from torch import nn
from yapf.yapflib import yapf_api

from cosa_mmseg.utils.startup import formatted_once, unrecorded_init


def test_a_text_is_formatted_once(monkeypatch):
    calls = []
    original = yapf_api.FormatCode

    def counted(text, **style):
        calls.append(text)
        return original(text, **style)

    cfg, other = Config(dict(a=1, b=[1, 2])), Config(dict(a=2))
    expected = [cfg.pretty_text, other.pretty_text]
    monkeypatch.setattr(yapf_api, 'FormatCode', counted)
    with formatted_once():
        texts = [c.pretty_text for c in (cfg, other, cfg, other, cfg)]
    assert texts[:2] == expected
    assert {*texts} == {*expected}
    assert len(calls) == 2
    cfg.pretty_text  # noqa: B018  not kept after the block
    assert len(calls) == 3


def test_weights_are_the_same_without_a_record():
    def initialised():
        torch.manual_seed(0)
        module = BaseModule(
            dict(type='Normal', layer='Linear', std=2.0, bias=1.0)
        )
        module.layer = nn.Linear(3, 4)
        module.init_weights()
        return module.state_dict()

    expected = initialised()
    record = base_module.update_init_info
    with unrecorded_init():
        found = initialised()
    assert base_module.update_init_info is record
    assert {*found} == {*expected}
    for name, value in found.items():
        assert torch.equal(value, expected[name])


def test_all_is_as_before_after_an_error():
    before = yapf_api.FormatCode
    with pytest.raises(KeyError), formatted_once():
        raise KeyError
    assert yapf_api.FormatCode is before
