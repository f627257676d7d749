"""Ships configs, tools and model index inside the package.

pyproject.toml says everything else.  As OpenMMLab packages do, a wheel holds
``configs/``, ``tools/`` and ``model-index.yml`` under ``cosa_mmseg/.mim``,
where mim looks for them.  In an editable install ``cosa_mmseg/.mim`` links to
the checkout's own, so that an edited config is the one that is used.
"""

import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ('configs', 'tools', 'model-index.yml')


def _is_litter(path: Path) -> bool:
    """Whether a file is left out: experiments, and what tools leave."""
    return path.parts[:2] == ('tools', 'lab') or any(
        part.startswith('.') or part == '__pycache__' for part in path.parts
    )


def shipped_files() -> list[Path]:
    """The files that go into ``.mim``, relative to the checkout."""
    found = []
    for name in SHIPPED:
        top = ROOT / name
        paths = sorted(top.rglob('*')) if top.is_dir() else [top]
        found += [
            path.relative_to(ROOT)
            for path in paths
            if path.is_file() and not _is_litter(path.relative_to(ROOT))
        ]
    return found


class BuildPyWithMim(build_py):
    """Adds ``cosa_mmseg/.mim`` to what is built."""

    def run(self) -> None:
        """Builds the package, then fills or links ``.mim``."""
        super().run()
        if self.editable_mode:
            self._link()
        else:
            self._copy()

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """The built files, those in ``.mim`` included."""
        outputs = super().get_outputs(include_bytecode)
        if not self.editable_mode:
            mim = Path(self.build_lib) / 'cosa_mmseg' / '.mim'
            outputs += [str(mim / path) for path in shipped_files()]
        return outputs

    def _copy(self) -> None:
        mim = Path(self.build_lib) / 'cosa_mmseg' / '.mim'
        shutil.rmtree(mim, ignore_errors=True)
        for path in shipped_files():
            (mim / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, mim / path)

    def _link(self) -> None:
        mim = ROOT / 'cosa_mmseg' / '.mim'
        mim.mkdir(exist_ok=True)
        for name in SHIPPED:
            link = mim / name
            if not link.is_symlink():
                link.symlink_to(os.path.join('..', '..', name))


setup(cmdclass={'build_py': BuildPyWithMim})
