# MS COCO 2014 with exported pseudo labels; evaluation on val2014, with masks.
# All else as for VOC.
_base_ = 'voc_pseudo.py'
data_root = 'data/coco2014'

train_dataloader = dict(
    dataset=dict(
        classes_of='COCOImageLabelDataset',
        data_root=data_root,
        data_prefix=dict(img_path='train2014'),
    )
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='COCOImageLabelDataset',
        data_root=data_root,
        data_prefix=dict(img_path='val2014', seg_map_path='masks/val2014'),
        ann_file='splits/val2014.txt',
        # for the label-filtered figure only
        label_file='image_labels/val2014.json',
        pipeline=_base_.test_pipeline,
        test_mode=True,
    )
)
test_dataloader = val_dataloader
