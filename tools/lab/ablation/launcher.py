"""Subprocesses that can be waited for in threads, and ended together."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic


class RunError(RuntimeError):
    """A run failed; the message says where, and what its log ends with."""


class Launcher:
    """Runs Python scripts of a folder, several at a time.

    Args:
        tools: Folder of the scripts.
        threads: Threads that each process may use, see ``OMP_NUM_THREADS``.
        heartbeat: Seconds between two reports of a process's time.
    """

    def __init__(
        self, tools: Path, threads: int, heartbeat: float = 20
    ) -> None:
        self.tools = tools
        self.threads = threads
        self.heartbeat = heartbeat
        self._lock = Lock()
        self._processes: set[subprocess.Popen] = set()
        self._stopped = False

    def run(
        self,
        script: str,
        arguments: Sequence[str],
        log: Path,
        inherited: int,
        report_seconds: Callable[[float], None],
    ) -> None:
        """Run a script to its end.

        Args:
            script: Its file name.
            arguments: Its command line.
            log: What it prints is appended to this file.
            inherited: A file descriptor that it shall keep open.
            report_seconds: Called now and then, and at the end, with the
                seconds since the start.

        Raises:
            RunError: If it fails, or `stop` was called.
        """
        start = monotonic()
        command = [sys.executable, str(self.tools / script), *arguments]
        with log.open('ab') as file:
            process = self._start(command, file, inherited)
        code = None
        while code is None:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(self.heartbeat)
            report_seconds(monotonic() - start)
        with self._lock:
            self._processes.discard(process)
        if code and self._stopped:
            raise RunError('stopped')
        if code:
            raise RunError(f'exit code {code}, see {log}:\n{_tail(log)}')

    def _start(self, command, file, inherited) -> subprocess.Popen:
        with self._lock:  # none may start once `stop` has been called
            if self._stopped:
                raise RunError('stopped')
            process = subprocess.Popen(
                command,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, 'OMP_NUM_THREADS': str(self.threads)},
                pass_fds=[inherited],
                start_new_session=True,  # a group that `stop` can end
            )
            self._processes.add(process)
        return process

    def stop(self) -> None:
        """End all processes with their children, and start no other."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)


def _tail(log: Path, num_lines: int = 15) -> str:
    """Last lines of a log."""
    lines = log.read_text(errors='replace').splitlines()
    return '\n'.join(f'    {line}' for line in lines[-num_lines:])
