import pytest
import torch
from mmengine.registry import MODELS

from cosa_mmseg.apis import raw_prediction
from cosa_mmseg.apis.predict import predict_tiles, tile_grid
from cosa_mmseg.apis.raw_prediction import Part, RawPrediction
from cosa_mmseg.apis.tiles import Tiling
from cosa_mmseg.models.ops.cam import normalize_cam
from tests.models.networks import small_model

SIZE = (30, 40)
TILES = Tiling(64, 32, always=True)


@pytest.fixture
def whole():
    maps = dict(
        seg_logits=torch.randn(5, 6, 8),
        cam=torch.randn(4, 6, 8),
        cam_aux=torch.randn(4, 6, 8),
    )
    part = Part(maps, 0, 0, torch.ones(SIZE[0]), torch.ones(SIZE[1]))
    return RawPrediction([part], SIZE, raw_cams=True)


def resized(maps):
    return torch.nn.functional.interpolate(
        maps[None], size=SIZE, mode='bilinear', align_corners=False
    )[0]


@pytest.mark.parametrize('chunk', [1, 2 * 30 * 40, 10**6])
def test_one_class_after_the_other_is_all_at_once(whole, chunk, monkeypatch):
    monkeypatch.setattr(raw_prediction, 'CHUNK', chunk)
    logits = resized(whole.parts[0].maps['seg_logits'])
    label_map = whole.label_map()
    assert torch.equal(label_map, logits.argmax(0).to(torch.uint8))
    assert len(label_map.unique()) == 5

    kept = torch.tensor([0, 2, 3])
    expected = kept[logits[kept].argmax(0)].to(torch.uint8)
    assert torch.equal(whole.label_map(kept), expected)


def test_cams_are_normalised_over_the_picture(whole):
    maps = whole.parts[0].maps
    main, aux = (
        normalize_cam(resized(maps[name]).relu()[None])[0]
        for name in ('cam', 'cam_aux')
    )
    torch.testing.assert_close(torch.stack([*whole.cams()]), main)
    torch.testing.assert_close(torch.stack([*whole.cams('cam_aux')]), aux)


@torch.no_grad()
def test_tiles_give_what_the_whole_picture_gives():
    """Of a network that sees less around a pixel than tiles share."""
    model = MODELS.build(small_model()).eval()
    assert tile_grid(model) == 4
    image = torch.randint(0, 256, (3, 244, 184)).to(torch.uint8)
    data = model.data_preprocessor(
        dict(inputs=[image], data_samples=[None]), False
    )
    seen = model.predict_views(model.assignment, data['inputs'])

    tiled = predict_tiles(
        model,
        image.permute(1, 2, 0).numpy(),
        Tiling(128, 96, always=True),
        batch_size=3,
    )

    assert len(tiled.parts) == 5 * 3
    torch.testing.assert_close(
        tiled.seg_logits(), seen.seg_logits[0], rtol=0, atol=1e-5
    )
    for name in ('cam', 'cam_aux'):
        torch.testing.assert_close(
            torch.stack([*tiled.cams(name)]),
            getattr(seen, name)[0],
            rtol=0,
            atol=1e-5,
        )


class Position(torch.nn.Module):
    """A segmentor that says where in its input a pixel is: the worst case."""

    align_corners = False

    def data_preprocessor(self, data, training):
        return dict(inputs=torch.stack(data['inputs']).float())

    def forward(self, img, mode):
        place = torch.arange(img.shape[-1]).float()
        return place.expand(len(img), 2, *img.shape[-2:])


def test_tiles_of_a_network_that_sees_them_whole_have_no_jump():
    image = torch.zeros(64, 300, 3, dtype=torch.uint8).numpy()
    logits = predict_tiles(Position(), image, TILES).seg_logits()
    assert logits.shape == (2, 64, 300)
    # side by side they would fall by 32 from one pixel to the next
    assert logits.diff(dim=2).abs().max() <= 32 / 16 + 1 + 1e-4


def test_a_picture_smaller_than_a_tile_keeps_its_size():
    image = torch.zeros(20, 30, 3, dtype=torch.uint8).numpy()
    seen = predict_tiles(Position(), image, TILES)
    assert seen.label_map().shape == (20, 30)
    assert seen.scores is None


def test_tiles_of_several_views_are_refused():
    model = MODELS.build(small_model(test_cfg=dict(mirror=True)))
    image = torch.zeros(64, 64, 3, dtype=torch.uint8).numpy()
    with pytest.raises(ValueError, match=r'asks for 2: set model.test_cfg'):
        predict_tiles(model, image, TILES)
