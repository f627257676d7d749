# MS COCO 2014 with image-level labels: training on train2014 and
# evaluation on val2014, on the images that show a class: 82,081 and 40,137.
# Pipelines and metrics as for VOC.
_base_ = './voc_wsss.py'
dataset_type = 'COCOImageLabelDataset'
data_root = 'data/coco2014'

train_dataloader = dict(
    batch_size=4,  # released code, on each of 2 GPUs
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(_delete_=True, img_path='train2014'),
        ann_file='splits/train2014.txt',
        label_file='image_labels/train2014.json',
    ),
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(
            _delete_=True, img_path='val2014', seg_map_path='masks/val2014'
        ),
        ann_file='splits/val2014.txt',
        # for the label-filtered figure only
        label_file='image_labels/val2014.json',
    )
)
test_dataloader = val_dataloader
