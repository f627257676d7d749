"""What a call of the inferencer returns."""

import warnings
from typing import Any

from cosa_mmseg.datasets.bad_files import BadFileError


def gather(results: list, errors: list[str], named_alone: bool) -> Any:
    """Return the results of a call.

    Args:
        results (list): A data sample or dict for each picture that can be
            read.
        errors (list[str]): A sentence on each of the others.
        named_alone (bool): Whether the input was no list: what is
            returned of one picture is no list then, as mmseg has it.

    Returns:
        dict | SegDataSample | list[SegDataSample]: A data sample for each
        picture, see :meth:`PicturePrediction.to_data_sample`; errors are
        warnings. Or a dict of ``predictions``, uint8 (H, W),
        ``visualization``, (H, W, 3) RGB, ``areas`` (see
        :meth:`PicturePrediction.record`), ``pictures`` (which it is: the
        path, or "input" and its number), ``cams`` where they are asked
        for, float32 (C, H, W) or None, and ``errors``.

    Raises:
        BadFileError: If there is no result.
    """
    if not results:
        raise BadFileError(errors[0])
    alone = named_alone and len(results) == 1
    if not isinstance(results[0], dict):
        for error in errors:
            warnings.warn(error, stacklevel=3)
        return results[0] if alone else results
    if alone:
        return {**results[0], 'errors': errors}
    gathered = {key: [r[key] for r in results] for key in results[0]}
    if not any(len(drawn) for drawn in gathered['visualization']):
        gathered['visualization'] = []
    return {**gathered, 'errors': errors}
