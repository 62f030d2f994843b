"""Measures the kernels: `run` keeps a commit's figures, `compare` judges two, `quick` looks once.

python benchmarks/measure.py run [--bench REGEX]
python benchmarks/measure.py compare BASE [--bench REGEX] [--rounds 2] [--factor 1.25]
python benchmarks/measure.py quick [--bench REGEX]

The first two are asv's work on committed code, the last is pytest-benchmark's on what lies here.
"""

import argparse
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CONFIG = HERE / "asv.conf.json"
MACHINE = "local"
# asv's own: 1 is a mistake in how it was called, 2 means that some kernel failed.
SOME_FAILED = 2
# A row of asv's table that is slower or larger (+), or fails only now (!): its last column.
WORSE = re.compile(r"^\| [+!] .*\| ([^|]+?) +\|$", re.MULTILINE)
# As training runs: one thread, since two on small arrays are unsteady, and memory kept by the
# process instead of being returned and faulted in again.
SETTINGS = {
    "NPROC": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}


class Failed(Exception):
    """What went wrong, in one line."""


def git(folder: Path, *arguments: str) -> str:
    """What git prints; raises Failed with its message."""
    ended = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise Failed(f"git {' '.join(arguments)}: {ended.stderr.strip()}")
    return ended.stdout.strip()


def commit_of(repository: Path, name: str) -> str:
    """The full hash of a commit's name."""
    return git(repository, "rev-parse", "--verify", f"{name}^{{commit}}")


@contextlib.contextmanager
def checkout(repository: Path, commit: str) -> Iterator[Path]:
    """A folder with the commit's code: the repository itself where that is what it holds.

    Else a worktree, removed at the end, so that figures under a commit's name are that commit's.
    """
    here = commit_of(repository, "HEAD") == commit
    if here and not git(repository, "status", "--porcelain", "--", "impls"):
        yield repository
        return
    if here:
        print("changes in impls/ that are not committed are not measured", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="hardball-bench-") as folder:
        tree = Path(folder) / "tree"
        git(repository, "worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            git(repository, "worktree", "remove", "--force", str(tree))


def environment(repository: Path, tree: Path) -> dict[str, str]:
    """asv's environment: the package of `tree`, data kept in the repository's own cache."""
    cache = os.environ.get("HARDBALL_CACHE", str(repository / "datasets" / "cache"))
    return {
        **os.environ,
        **SETTINGS,
        # asv drops PYTHONPATH, and takes this instead.
        "ASV_PYTHONPATH": str(tree / "impls"),
        "HARDBALL_ROOT": str(tree),
        "HARDBALL_CACHE": cache,
    }


def asv(config: Path, *arguments: str, env: dict[str, str] | None = None) -> int:
    """asv's exit code."""
    command = [sys.executable, "-m", "asv", *arguments, "--config", str(config)]
    return subprocess.run(command, check=False, env=env, cwd=config.parent).returncode


def name_machine() -> None:
    """Tells asv about this machine, under a name that is the same everywhere."""
    from asv.machine import Machine, MachineCollection

    MachineCollection.save(MACHINE, {**Machine.get_defaults(), "machine": MACHINE})


def measure(
    config: Path, repository: Path, commit: str, tree: Path, bench: Sequence[str], *options: str
) -> None:
    """One asv run of the commit's code in this interpreter; raises Failed where nothing ran.

    bench: regular expressions of the kernels, all without one.
    """
    arguments = ["run", "-E", f"existing:{sys.executable}", "--set-commit-hash", commit]
    arguments += ["--machine", MACHINE, *options]
    arguments += [text for regex in bench for text in ("--bench", regex)]
    code = asv(config, *arguments, env=environment(repository, tree))
    if code not in (0, SOME_FAILED):
        raise Failed(f"asv run ended with {code}")


def settings(config: Path) -> dict[str, Any]:
    """The configuration with absolute paths, so that a copy of it may lie elsewhere."""
    read = json.loads(config.read_text(encoding="utf-8"))
    for key in ("repo", "benchmark_dir", "env_dir", "results_dir", "html_dir"):
        read[key] = str((config.parent / read[key]).resolve())
    return read


def run(config: Path, bench: str = "") -> int:
    """Figures of the commit that is checked out, kept beside those of earlier ones."""
    repository = Path(settings(config)["repo"])
    commit = commit_of(repository, "HEAD")
    name_machine()
    with checkout(repository, commit) as tree:
        measure(config, repository, commit, tree, [bench] if bench else [])
    return 0


def compare(config: Path, base: str, bench: str = "", rounds: int = 2, factor: float = 1.25) -> int:
    """1 where a kernel of HEAD is slower or larger than the base's by more than `factor`, else 0.

    A row that looks worse is measured again, and counts if it is worse again: of hundreds of rows,
    some look worse by chance. Kernels are defined as they are here; those that the base lacks are
    no regression. Raises Failed on an unknown base, or one that is HEAD itself.
    """
    given = settings(config)
    repository = Path(given["repo"])
    old, new = commit_of(repository, base), commit_of(repository, "HEAD")
    if old == new:
        raise Failed(f"{base} is HEAD itself: name an earlier commit, or commit your changes first")
    name_machine()
    work = Path(given["env_dir"]).parent / "compare"
    shutil.rmtree(work, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        sides = [(c, stack.enter_context(checkout(repository, c))) for c in (old, new)]
        chosen = [bench] if bench else []
        suspects = judged(given, work / "first", sides, chosen, rounds, factor)
        if not suspects:
            return 0
        print(f"measuring again what looks worse: {len(suspects)} rows", flush=True)
        exactly = [f"^{re.escape(name)}$" for name in suspects]
        return int(bool(judged(given, work / "again", sides, exactly, rounds + 1, factor)))


def judged(
    given: Mapping[str, Any],
    folder: Path,
    sides: Sequence[tuple[str, Path]],
    bench: Sequence[str],
    rounds: int,
    factor: float,
) -> list[str]:
    """Names of the rows that are worse at the second of two sides, each a commit and its code.

    Rounds go old, new, new, old, ... so that what drifts hits both alike. Their figures lie in
    `folder`, apart from those that are kept.
    """
    folder.mkdir(parents=True)
    config = folder / "asv.conf.json"
    config.write_text(
        json.dumps({**given, "results_dir": str(folder / "results")}), encoding="utf-8"
    )
    for number in range(rounds):
        for commit, tree in sides if number % 2 == 0 else reversed(sides):
            options = ("--append-samples", "-a", "rounds=1")
            measure(config, Path(given["repo"]), commit, tree, bench, *options)
    return worsened(config, sides[0][0], sides[1][0], factor)


def worsened(config: Path, old: str, new: str, factor: float) -> list[str]:
    """Prints asv's table of what changed; names of its rows that are worse, or fail only now.

    A time is worse where it is longer by more than `factor` and the samples tell the two apart.
    Raises Failed where a commit has no results.
    """
    from asv.commands.compare import Compare
    from asv.config import Config
    from asv.util import UserError

    shown = io.StringIO()
    try:
        with contextlib.redirect_stdout(shown):
            Compare.print_table(
                Config.load(str(config)),
                old,
                new,
                factor=factor,
                split=False,
                only_changed=True,
                machine=MACHINE,
            )
    except UserError as error:
        raise Failed(str(error)) from None
    table = shown.getvalue()
    print(table or f"no change beyond a factor of {factor:g}", flush=True)
    return WORSE.findall(table)


def quick(bench: str = "") -> int:
    """JAX beside PyTorch, each in a process of its own; pytest's exit code where one failed.

    Raises Failed where no kernel matches.
    """
    from speed.kernels import kernels

    chosen = dict.fromkeys(k.framework for k in kernels() if re.search(bench, k.id))
    if not chosen:
        raise Failed(f"no kernel matches {bench!r}: try part of a name, such as siblings")
    folder = HERE / ".asv" / "quick"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written = []
    for framework in chosen:
        written.append(str(folder / f"{framework}.json"))
        command = [sys.executable, "-m", "pytest", str(HERE / "test_kernels.py"), "--no-header"]
        command += ["--framework", framework, "--kernels", bench, "--benchmark-quiet"]
        command += ["--benchmark-json", written[-1], "-p", "no:cacheprovider"]
        ended = subprocess.run(command, check=False, env={**os.environ, **SETTINGS})
        if ended.returncode:
            return ended.returncode
    shown = ["--group-by=group", "--columns=median,iqr,ops,rounds", "--sort=name", "--name=short"]
    command = [sys.executable, "-m", "pytest_benchmark", "compare", *shown, *written]
    return subprocess.run(command, check=False).returncode


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, default=CONFIG, help="asv.conf.json")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("run", "measure this commit"),
        ("quick", "a quick look at what lies here"),
        ("compare", "this commit against another"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--bench", default="", help="regex of the kernels to measure")
    command.add_argument("base", help="the commit to compare with")
    command.add_argument("--rounds", type=int, default=2, help="of each side, interleaved")
    command.add_argument("--factor", type=float, default=1.25, help="slower by more is worse")
    arguments = parser.parse_args(given)
    config = arguments.config.resolve()
    try:
        if arguments.command == "run":
            return run(config, arguments.bench)
        if arguments.command == "quick":
            return quick(arguments.bench)
        return compare(config, arguments.base, arguments.bench, arguments.rounds, arguments.factor)
    except Failed as error:
        print(f"measure: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
