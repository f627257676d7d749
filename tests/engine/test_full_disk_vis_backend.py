import json
import resource

from cosa_mmseg.engine import FullDiskVisBackend


def test_what_a_full_disk_does_not_take_is_left_out(tmp_path, capsys):
    backend = FullDiskVisBackend(str(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    backend.add_scalars(dict(loss=1.5), step=1)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30, limits[1]))
        backend.add_scalars(dict(loss=2.5), step=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    backend.add_scalars(dict(loss=3.5), step=3)
    lines = (tmp_path / 'scalars.json').read_text().splitlines()
    assert [json.loads(line)['step'] for line in lines] == [1, 3]
    assert 'step 2 is left out: File too large' in capsys.readouterr().out
