"""A config of a small CoSA with all its parts."""

from mmengine.config import Config

from tests.models.networks import small_assigner, small_model


def small_config(**model) -> Config:
    """Config of training and test; ``model`` replaces keys of the model."""
    threshold = dict(type='DynamicThreshold', grid=(4, 4))
    settings = dict(
        num_classes=4,
        assigner=small_assigner(
            cam_labeler=dict(type='ThresholdLabeler', threshold=threshold),
            reliability=dict(type='PerplexityWeight'),
        ),
        loss_csc=dict(type='ContrastiveSeparationLoss'),
        train_cfg=dict(warmup_iters=5),
    )
    crop = dict(type='RandomPlaceCrop', crop_size=(32, 32))
    train_dataloader = dict(
        batch_size=3,
        num_workers=0,
        sampler=dict(type='InfiniteSampler', shuffle=True),
        dataset=dict(type='ImageLabelDataset', pipeline=[crop]),
    )
    test_dataloader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='ImageLabelDataset', pipeline=[]),
    )
    return Config(
        dict(
            default_scope='mmseg',
            model=small_model(**{**settings, **model}),
            train_dataloader=train_dataloader,
            test_dataloader=test_dataloader,
            optim_wrapper=dict(
                type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)
            ),
            param_scheduler=dict(
                type='WarmupPolyLR', warmup_iters=20, by_epoch=False
            ),
            train_cfg=dict(
                type='TotalBatchTrainLoop', max_iters=100, total_batch_size=6
            ),
            custom_hooks=[dict(type='AssignmentEMAHook')],
            default_hooks=dict(),
            tta_cfg=dict(scales=[1.0, 0.5], mirror=True),
        )
    )
