from tools.lab.benchmark_scores import main


def test_parts_add_up(capsys):
    main(['--size', '32', '48', '--ori-size', '40', '60'])
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if ' ms ' in line]
    found = {line.split()[0]: float(line.split()[-1]) for line in lines}
    assert {'prediction', 'IoUMetric', 'CAMIoUMetric'} < {*found}
    total = found.pop('all')
    assert abs(sum(found.values()) - found.pop('forward') - total) < 0.1
