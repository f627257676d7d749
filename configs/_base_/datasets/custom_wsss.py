# Pictures of one's own with image-level labels. The settings of this block are
# said once: tools/train.py and tools/test.py carry them to where they are used
# (cosa_mmseg/config/custom_data.py says how, for other programs). Paths are
# relative to data_root. Batch, metrics and all but one step of the pipelines
# are as for VOC.
_base_ = './voc_wsss.py'
data_root = 'data/custom'
label_file = 'labels.csv'  # or .json, .jsonl, .txt, a folder of class folders
label_separator = ';'  # between the classes in a cell of a .csv
label_union = False  # whether rows of one picture are joined
img_path = ''  # folder of the pictures, below which label_file names them
train_list = ''  # text file of the pictures to train with; '': all labelled
test_list = ''  # the pictures to predict; '': all labelled
mask_path = None  # folder of masks (.png of class ids) to score predictions
classes = None  # 'background' and the classes; None: those of label_file

dataset_type = 'ImageLabelDataset'
train_pipeline = _base_.train_pipeline
# As if all pictures were as long as VOC's, 500 pixels: a crop of a photograph
# at its own size would not show what the photograph's labels say.
train_pipeline[1] = dict(
    type='RandomNonEmptyResize',
    scale=(500, 500),  # fits into (w, h)
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
)
# Where there are masks, they are loaded behind the resize.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=_base_.crop_size[::-1], keep_ratio=False),
    dict(type='PackImageLabelInputs'),
]

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type=dataset_type,
        img_suffix=None,  # any: files are looked up by name
        data_prefix=dict(),
        pipeline=train_pipeline,
    )
)
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type=dataset_type,
        img_suffix=None,
        data_prefix=dict(),
        pipeline=test_pipeline,
        test_mode=True,
    )
)
scores = _base_.val_evaluator  # where there are masks
val_dataloader = val_evaluator = test_evaluator = None  # as the masks ask
