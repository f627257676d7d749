# The trained network that this project ships, voc-small.safetensors; its
# model card is voc-small.md.
#     cosa segment voc-small photo.jpg --out predicted
# Source: ours
_base_ = '../cosa/cosa_efficientnet-lite0_voc.py'
# as it was trained: one fixed threshold, none of the three techniques
model = dict(
    assigner=dict(
        cam_labeler=dict(
            threshold=dict(_delete_=True, type='FixedThreshold', value=0.5)
        ),
        reliability=None,
    ),
    loss_csc=None,
)
