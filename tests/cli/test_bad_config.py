"""Configs that cannot be trained with: a sentence, and nothing is written."""

import re

import pytest
from mmengine.config import Config

from cosa_mmseg.cli import training

from .calls import cosa
from .test_custom_data import TINY, write_pictures

THRESHOLD = 'model.assigner.cam_labeler.threshold'
PIPELINE = 'train_dataloader.dataset.pipeline'
HOOK = 'custom_hooks.0.momentum'
CLIP = 'optim_wrapper.clip_grad'
PARAMWISE = 'optim_wrapper.paramwise_cfg'
KEYS = f'{PARAMWISE}.custom_keys'
# an option, and the words of its refusal behind the option's key
ROWS = [
    # unknown keys
    ('model.asigner=1', '=1 is no argument of CoSA; did you mean assigner?'),
    (f'{THRESHOLD}.intial=0.4', '=0.4 is no argument.* mean initial?'),
    ('model.network.cam_head.poling=avg', "='avg' is no .* pooling?"),
    ('model.test_cfg.scale=2', ' is unknown; known: .*, scales, '),
    ('custom_hooks.0.momentun=0.5', '=0.5 is no argument of Assig.* momentum'),
    ('custom_hoks=[]', "no 'custom_hoks' to override; .* custom_hooks"),
    ('crop_size=112', ': crop_size is a variable .*pipeline.3.crop_size'),
    ('val_dataloader.num_workers=0', ' cannot be set: .* is of type'),
    ('train_confg.max_iters=3', "no 'train_confg' .* train_cfg"),
    ('train_cfg.max_iter=3', '=3 is no argument of TotalBatch.* max_iters'),
    ('optim_wrapper.optimizer.learning_rate=1', '=1 is no argument of AdamW'),
    ('param_scheduler.warmup=3', '=3 is no argument.* warmup_iters'),
    ('train_dataloader.batchsize=2', '=2 is no argument.* batch_size'),
    ('train_dataloader.sampler.shufle=True', '=True is no .* shuffle'),
    ('train_dataloader.dataset.img_sufix=.png', "='.png' is no .* img_suffix"),
    ('randomness.sead=1', '=1 is no setting; did you mean seed?'),
    ('default_hooks.checkpoint.intervall=3', '=3 is no arg.* mean interval?'),
    ('model.train_cfg.warmup_iter=4', ' is not known: .* warmup_iters'),
    ('custom_hooks.3.x=1', ' cannot be set: Index 3 exceeds'),
    (
        'model.assigner.multi_scale.scales.0=0.5',
        ' cannot be set: set the whole list',
    ),
    (f'{CLIP}.max_nrm=1', '=1 is no argument of clip_grad_norm_.* max_norm'),
    (f'{PARAMWISE}.custom_key=1', '=1 is no setting.* mean custom_keys?'),
    (f'{PARAMWISE}.bias_lr_mul=1', '=1 is no setting.* mean bias_lr_mult'),
    (f'{KEYS}.cam_head.lr_mul=1', '=1 is no setting; .* mean lr_mult?'),
    (
        f'{KEYS}.cam_hed.lr_mult=1',
        '.* is in the name of no parameter; .* mean cam_head?',
    ),
    ('default_hooks.loger.interval=3', '.* mean logger?'),
    ('env_cfg.cudnn_benchmarkk=True', '=True is no .* mean cudnn_benchmark?'),
    ('env_cfg.mp_cf.mp_start_method=fork', '.* mean mp_cfg?'),
    ('env_cfg.mp_cfg.start_method=fork', '=.* mean mp_start_method?'),
    ('log_processor.by_epch=True', '=True is no argument of Log.* by_epoch?'),
    # unknown types
    ('model.loss_c2s.type=C2SLos', "='C2SLos' is no registered .* C2SLoss"),
    (f'{THRESHOLD}.type=DynamicTreshold', '.* mean DynamicThreshold'),
    ('model.network.backbone.type=SmalResNet', '.* mean SmallResNet'),
    ('custom_hooks.0.type=AssignmentEMA', '.* mean AssignmentEMAHook'),
    ('train_cfg.type=TotalBatchLoop', '.* mean TotalBatchTrainLoop'),
    ('optim_wrapper.optimizer.type=AdamX', "='AdamX' .* mean Adam"),
    ('train_dataloader.sampler.type=InfSampler', '.* mean InfiniteSampler'),
    ('train_dataloader.dataset.type=ImgLabelDataset', '.* ImageLabelDataset'),
    (f'{PIPELINE}.5.type=TwoVews', "='TwoVews' is no .* mean TwoViews?"),
    ('default_hooks.logger.type=LogHook', '.* mean LoggerHook'),
    (
        'optim_wrapper.constructor=GroupedConstructor',
        "='GroupedConstructor' is no registered",
    ),
    # values of other types
    (f'{THRESHOLD}.initial=half', " must be a number, got 'half'"),
    (f'{THRESHOLD}.num_images=2.5', ' must be a whole number, got 2.5'),
    (f'{THRESHOLD}.grid=28', r' must be \(a whole number, a whole .* got 28'),
    ('model.assigner.multi_scale.scales=1', ' must be a list, .* got 1'),
    ('model.assigner.multi_scale.mirror=yes', " True or False, got 'yes'"),
    ('model.assigner.seg_labeler.temperature=None', ' a number, got None'),
    ('model.assigner.reliability.lambda_a=x', " must be a number, got 'x'"),
    ('model.loss_c2s.loss_weight=heavy', " must be a number, got 'heavy'"),
    ('model.test_cfg.scales=1', ' must be a list, .* got 1'),
    (
        'model.test_cfg.post_process=DenseCRF',
        " a dict or None, got 'DenseCRF'",
    ),
    ('model.network.frozen=backbone', " a list, .* string, got 'backbone'"),
    ('model.network.decode_head=5', ' must be a dict, got 5'),
    ('model.network=5', ' must be a dict, got 5'),
    ('model=5', ' must be a dict, got 5'),
    ('model.data_preprocessor.std=0', ' must be a list, .* got 0'),
    (f'{HOOK}=fast', " must be a number, got 'fast'"),
    ('param_scheduler.power=x', " must be a number, got 'x'"),
    ('train_cfg.max_iters=many', " must be a whole number .*got 'many'"),
    ('train_cfg.val_interval=x', " must be a whole number .* got 'x'"),
    ('train_dataloader.batch_size=two', '.* positive integer .*=two'),
    ('train_dataloader=None', '.*no `train_dataloader`, which a training'),
    ('train_cfg=None', '.*no `train_cfg`, which a training needs'),
    (f'{PIPELINE}.3.crop_size=big', " must be a whole number or .* got 'big'"),
    ('randomness.seed=one', " must be a whole number .* got 'one'"),
    ('log_level=LOUD', " must be 'DEBUG', .* got 'LOUD'"),
    ('model.train_cfg.warmup_iters=x', " .* whole number .* got 'x'"),
    ('default_hooks.checkpoint.interval=x', " .* whole number, got 'x'"),
    ('data_root=5', '.*no label file 5/labels.csv'),
    ('label_file=5', '.*no label file my/5'),
    ('label_union=5', ' must be True or False, got 5'),
    ('classes=7', ' must be a list, each item a string or None, got 7'),
    ('classes=[background,7]', r' must be a list, .* \['),
    ('optim_wrapper.optimizer.lr=fast', " must be a number, got 'fast'"),
    ('optim_wrapper.optimizer.lr=None', ' must be a number, got None'),
    ('optim_wrapper.optimizer.weight_decay=x', " must be a number, got 'x'"),
    ('optim_wrapper.optimizer.eps=x', ".*eps='x'"),
    ('optim_wrapper.optimizer=AdamW', " must be a dict, got 'AdamW'"),
    ('optim_wrapper.optimizer=None', ' must be a dict, got None'),
    ('optim_wrapper.clip_grad=1.0', ' must be a dict or None, got 1.0'),
    (f'{CLIP}.max_norm=x', ".*with max_norm='x'"),
    (f'{CLIP}.norm_type=2', ".* lacks 'max_norm'"),
    (f'{CLIP}.type=norms', " must be 'norm' or 'value', got 'norms'"),
    (f'{KEYS}=3', ' must be a dict, got 3'),
    (f'{KEYS}.cam_head=3', ' must be a dict, got 3'),
    (f'{KEYS}.cam_head.lr_mult=x', " must be a number, got 'x'"),
    ('param_scheduler=5', ' must be a dict or a list, .* got 5'),
    ('default_hooks.checkpoint.max_keep_ckpts=x', ' a whole number, .*'),
    ('default_hooks.checkpoint.by_epoch=True', ' must be False, got True'),
    ('default_hooks.report=False', ' must be a dict, got False'),
    ('default_hooks.logger.priority=x', r' in \[0, 100\] or one of HIGHEST'),
    ('custom_hooks=3', ' must be hooks, got 3'),
    ('custom_hooks=[]', ' has no AssignmentEMAHook'),
    ('env_cfg=None', ' must be a dict, got None'),
    ('env_cfg.mp_cfg=3', ' must be a dict, got 3'),
    ('env_cfg.mp_cfg.mp_start_method=frk', " must be one of .* got 'frk'"),
    ('env_cfg.dist_cfg.timeout=x', " must be a number .* got 'x'"),
    ('randomness=3', ' must be a dict or None, got 3'),
    ('load_from=5', "='5' is no file"),
    ('log_processor.window_size=x', " must be a whole number, got 'x'"),
    ('train_cfg.val_begin=x', " must be a whole number, got 'x'"),
    ('train_cfg.dynamic_intervals=3', ' must be a list, .* got 3'),
    ('train_dataloader.num_workers=2.5', ' a whole number, got 2.5'),
    ('auto_scale_lr.enable=True', '.*base_batch_size is missing'),
    # values out of range
    (f'{THRESHOLD}.initial=1.5', r' must be in \(0, 1\), got 1.5'),
    (f'{THRESHOLD}.initial=0', r' must be in \(0, 1\), got 0'),
    (f'{THRESHOLD}.initial=nan', ' must be a number, got nan'),
    (f'{THRESHOLD}.num_images=0', ' must be at least 1, got 0'),
    (f'{THRESHOLD}.decay=1.2', r' must be in \[0, 1\], got 1.2'),
    (f'{THRESHOLD}.min_value=-1', r' must be in \[0, 1\), got -1'),
    ('model.assigner.multi_scale.scales=[]', r' must be positive, got \[\]'),
    ('model.assigner.multi_scale.scales=[0,1]', r' positive, got \[0, 1\]'),
    ('model.assigner.multi_scale.aux_scales=first', " .*'last', got 'first'"),
    ('model.assigner.seg_labeler.temperature=0', ' must be above 0, got 0'),
    ('model.assigner.reliability.lambda_a=2', r' in \(0, 1\), got 2'),
    (
        'model.assigner.dtype=float8',
        " one of 'bfloat16', .* got 'float8'",
    ),
    ('model.loss_c2s.loss_weight=-1', ' must be at least 0, got -1'),
    ('model.loss_c2s.fg_share=1.5', r' must be in \[0, 1\], got 1.5'),
    (
        'model.loss_s2c.activation=gelu',
        " one of 'relu', .* got 'gelu'",
    ),
    ('model.loss_energy.scale_factor=0', r' must be in \(0, 1\], got 0'),
    ('model.loss_csc.temperature=0', ' must be above 0, got 0'),
    ('model.loss_energy.sigma_rgb=0', ' must be above 0, got 0'),
    ('model.loss_energy.sigma_xy=-3', ' must be above 0, got -3'),
    ('model.train_cfg.warmup_iters=-1', ' .* of at least 0.*, got -1'),
    (
        'model.test_cfg.network=teacher',
        " one of 'assignment', .* got 'teacher'",
    ),
    ('model.test_cfg.scales=[0]', r' must be positive, got \[0\]'),
    ('model.test_cfg.mode=slide', "='slide' needs test_cfg.crop_size"),
    ('model.network.cam_head.bg_score=1', r' must be in \(0, 1\), got 1'),
    ('model.network.cam_head.pooling=mean', " 'max', 'avg', got 'mean'"),
    ('model.network.cam_head.in_index=7', '=7 is out of .* 2 feature'),
    ('model.network.cam_head_aux.in_index=-4', '=-4 is out of .* 2 feature'),
    ('model.network.decode_head.in_index=9', '=9 is out of .* 2 feature'),
    ('model.network.cam_head.in_channels=77', '=77, but the feature .* 32'),
    ("model.network.frozen=['no.*']", "='no.*' matches no parameter"),
    ('model.network.backbone.out_indices=(5,6)', r'.*num_stages=3, .*\(5, 6'),
    ('model.data_preprocessor.mean=[1]', r' must be three numbers.* \[1\]'),
    ('model.data_preprocessor.std=[0,1,1]', ' must be positive, got'),
    (f'{HOOK}=1.5', r' must be in \[0, 1\], got 1.5'),
    (f'{HOOK}=-0.1', r' must be in \[0, 1\], got -0.1'),
    ('optim_wrapper.optimizer.lr=-1', '.* learning rate: -1'),
    ('param_scheduler.warmup_iters=-1', '.*0 <= warmup_iters < end, got .*-1'),
    ('train_cfg.max_iters=-3', ' must be a whole number .* got -3'),
    ('train_cfg.total_batch_size=0', ' must be at least 1, got 0'),
    (
        'train_cfg.total_batch_size=3',
        ' .* multiple of .*batch_size=2 .* got 3',
    ),
    ('optim_wrapper.accumulative_counts=3', '=3, not both'),
    ('train_dataloader.batch_size=0', ' must be at least 1, got 0'),
    ('train_dataloader.num_workers=-1', ' .*non-negative'),
    ('train_dataloader.dataset.on_error=ignore', " 'skip', but is 'ignore'"),
    (f'{PIPELINE}.3.crop_size=(0,5)', r' must be positive, is \(0, 5\)'),
    (f'{PIPELINE}.5.magnitude_range=(5,20)', r' within \[0, 10\), .*\(5, 20'),
    ('load_from=nope.pth', "='nope.pth' is no file"),
    ('classes=[background,cat]', ".* unknown class 'red fox' .*classes: cat"),
    ('img_path=nowhere', ".* no folder of images 'my/nowhere'"),
    ('train_list=no.txt', ".* no image list 'my/no.txt'"),
]
# settings of data are named where they are used
ELSEWHERE = (
    'classes',
    'data_root',
    'label_file',
    'img_path',
    'train_list',
    'train_cfg=None',
    'val_dataloader.num',
)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A working folder with pictures, labels and a tiny config."""
    folder = tmp_path_factory.mktemp('bad_config')
    write_pictures(folder, 'my')
    (folder / 'tiny.py').write_text(TINY)
    # one file without bases is read sooner
    Config.fromfile(folder / 'tiny.py').dump(folder / 'tiny.json')
    return folder


@pytest.fixture
def refusal(folder, monkeypatch):
    """A function from options to the sentence that refuses them."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        training.SafeRunner, 'from_cfg', lambda cfg: pytest.fail('it started')
    )

    def refusal(*options, config='tiny.json'):
        before = sorted(folder.rglob('*'))
        data = ('data_root=my', 'label_file=labels.csv')
        with pytest.raises(SystemExit) as caught:
            cosa('train', config, '--cfg-options', *data, *options)
        assert sorted(folder.rglob('*')) == before
        sentence = caught.value.code  # on stderr; the exit code is 1
        assert sentence.startswith('error: ')
        assert '\n' not in sentence
        return sentence

    return refusal


@pytest.mark.parametrize(('option', 'words'), ROWS, ids=[r[0] for r in ROWS])
def test_a_bad_setting_is_refused_in_a_sentence(refusal, option, words):
    sentence = refusal(option)
    key = option.partition('=')[0]
    if option.startswith(ELSEWHERE):
        key = ''
    elif words.startswith('.*'):
        key = key.rpartition('.')[0]  # the part, then its settings
    assert re.search(f'{re.escape(key)}.*{words}', sentence), sentence


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('model = dict(', 'bad.py is no Python: .*never closed'),
        (
            "_base_ = 'nowhere.py'\n",
            r'bad.py needs .*nowhere.py, which .* path from the folder of .*'
            'are in .*configs',
        ),
        (
            "_base_ = 'tiny.py'\nval_dataloader = dict(a=1)\n",
            'bad.py: val_dataloader=.*cannot inherit',
        ),
        (
            "_base_ = 'tiny.py'\ncustom_hoks = []\n",
            "'custom_hoks' .* custom_h",
        ),
        (
            "_base_ = 'tiny.py'\noptim_wraper = 3\n",
            "'optim_wraper' .* optim_w",
        ),
        ("_base_ = 'tiny.py'\nimg_path = 3\n", 'img_path must be a string'),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(refusal, folder, text, words):
    (folder / 'bad.py').write_text(text)
    assert re.search(words, refusal(config='bad.py'))
