"""Which calls are which part of a training step and of a prediction."""

from mmengine.runner import Runner

from cosa_mmseg.engine.hooks import AssignmentEMAHook
from cosa_mmseg.models.pseudo_labels import multi_scale
from cosa_mmseg.models.segmentors import CoSA
from cosa_mmseg.models.segmentors.dual_stream import DualStreamSegmentor

from .recorder import Call

DATA = 'data'
STEP_ORDER = (
    DATA,
    'preprocessing',
    'assignment/networks',
    'assignment/merging of views',
    'assignment/CAM normalisation',
    'assignment/CAM labels',
    'assignment/threshold update (DT)',
    'assignment/reliability (RAW)',
    'assignment/SPL',
    'assignment/other',
    'online forward',
    'losses/cls',
    'losses/c2s',
    'losses/s2c',
    'losses/energy',
    'losses/csc',
    'losses/other',
    'watched quantities',
    'backward',
    'optimiser',
    'EMA',
    'other hooks',
)
PREDICTION_ORDER = (
    DATA,
    'preprocessing',
    'networks',
    'merging of views',
    'CAM normalisation',
    'resize to original',
    'post-processing',
)


def step_calls(runner: Runner) -> list[Call]:
    """Calls that a training step of CoSA consists of.

    A step is all that a :class:`TotalBatchTrainLoop` does from asking for
    data to the end of ``run_iter``; what is in none of these is ``other``.
    Parts that the model lacks, such as a loss that is off, are not there.

    Args:
        runner (Runner): With optimiser wrapper, in its train loop.

    Returns:
        list[Call]: Innermost calls count for their own part only.
    """
    model, wrapper = runner.model, runner.optim_wrapper
    calls = [
        Call('preprocessing', model.data_preprocessor, 'forward'),
        *_assignment_calls(model),
        Call('online forward', model.online, 'forward_heads'),
        Call('online forward', model.online, 'classify'),
        Call('losses/cls', model, 'classification_losses'),
        Call('losses/other', model, 'cotraining_losses'),
        Call('watched quantities', model, 'statistics'),
        Call('backward', wrapper, 'backward'),
        Call('optimiser', wrapper, 'step'),
        Call('optimiser', wrapper, 'zero_grad'),
        Call('other hooks', runner, 'call_hook'),
    ]
    calls += [
        Call(f'losses/{name.removeprefix("loss_")}', module, 'forward')
        for name, module in model.losses.items()
    ]
    calls += [
        Call('EMA', hook, 'after_train_iter')
        for hook in runner.hooks
        if isinstance(hook, AssignmentEMAHook)
    ]
    return calls


def _assignment_calls(model: CoSA) -> list[Call]:
    """Those of pseudo labels, from the weak view on."""
    assigner = model.assigner
    labelers = (assigner.cam_labeler, assigner.cam_labeler_aux)
    calls = [
        Call('assignment/other', model, 'assign'),
        Call('assignment/networks', model.assignment, 'forward_heads'),
        Call('assignment/merging of views', assigner.multi_scale, 'forward'),
        Call('assignment/CAM normalisation', multi_scale, 'normalize_cam'),
        Call('assignment/SPL', assigner.seg_labeler, 'forward'),
    ]
    if assigner.reliability is not None:
        calls.append(
            Call(
                'assignment/reliability (RAW)', assigner.reliability, 'forward'
            )
        )
    for labeler in labelers:
        calls.append(Call('assignment/CAM labels', labeler, 'forward'))
        if hasattr(labeler, 'threshold'):
            calls.append(
                Call(
                    'assignment/threshold update (DT)',
                    labeler.threshold,
                    'update',
                )
            )
    return calls


def prediction_calls(model: DualStreamSegmentor) -> list[Call]:
    """Calls that ``test_step`` consists of.

    Args:
        model (DualStreamSegmentor): In evaluation.

    Returns:
        list[Call]: Innermost calls count for their own part only.
    """
    calls = [
        Call('preprocessing', model.data_preprocessor, 'forward'),
        Call('networks', model.online, 'forward_heads'),
        Call('networks', model.assignment, 'forward_heads'),
        Call('merging of views', model.test_views, 'forward'),
        Call('CAM normalisation', multi_scale, 'normalize_cam'),
        Call('resize to original', model, 'postprocess_result'),
        Call('resize to original', model, '_add_cams'),
    ]
    if hasattr(model.post_process, 'forward'):
        calls.append(Call('post-processing', model.post_process, 'forward'))
    return calls
