"""Puts what lies beside the package into the wheel: cards, bundled data, suites, the workflow."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHARED = (
    "datasets",
    "benchmarks/suites",
    "benchmarks/tuning",
    "benchmarks/workflow",
    "config",
    "workflow",
    "Snakefile",
)
LEFT_OUT = shutil.ignore_patterns("cache", "__pycache__", "*.pyc", ".snakemake")


class WithShared(build_py):
    """hardball/share/ holds the same tree as a checkout; see `core.paths`."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        root = Path(__file__).parent
        share = Path(self.build_lib) / "hardball" / "share"
        shutil.rmtree(share, ignore_errors=True)  # what an earlier build left may be gone by now
        for name in SHARED:
            target = share / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (root / name).is_dir():
                shutil.copytree(root / name, target, ignore=LEFT_OUT, dirs_exist_ok=True)
            else:
                shutil.copy2(root / name, target)


setup(cmdclass={"build_py": WithShared})
