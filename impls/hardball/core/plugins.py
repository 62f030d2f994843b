"""Methods and metrics from outside the package: the files and modules that declare them.

Three ways lead here: the option `--plugin my.py` of a command; the environment variable
HARDBALL_PLUGINS, which holds files or names of modules, separated as those of PATH; and the
entry-point group `hardball.methods` of an installed package. The option sets the variable, so that
processes that a command starts see the same methods.
"""

import functools
import importlib
import importlib.util
import os
import sys
from importlib import metadata
from pathlib import Path

from hardball.core.errors import HardballError

VARIABLE = "HARDBALL_PLUGINS"
GROUP = "hardball.methods"

_BEGUN: set[str] = set()


def add(name: str) -> None:
    """Has a file or a module read, here and in processes started from here.

    Raises HardballError on a file that is not there.
    """
    known = os.environ.get(VARIABLE, "")
    given = str(_file(name)) if _is_file(name) else name
    if given not in known.split(os.pathsep):
        os.environ[VARIABLE] = os.pathsep.join(filter(None, [known, given]))


def read() -> None:
    """Reads what is named and was not read before.

    Raises HardballError, naming the plug-in, where it cannot be read.
    """
    for name in _installed():
        _read(name)
    for name in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        _read(name)


@functools.cache
def _installed() -> tuple[str, ...]:
    """The modules that installed packages name."""
    return tuple(point.module for point in metadata.entry_points(group=GROUP))


def _read(name: str) -> None:
    # A plug-in that asks for methods while it is read comes here again.
    if name in _BEGUN:
        return
    _BEGUN.add(name)
    try:
        if _is_file(name):
            _execute(_file(name))
        else:
            importlib.import_module(name)
    except (Exception, SystemExit) as error:
        _BEGUN.discard(name)
        raise HardballError(f"plug-in {name}: {_said(error)}") from None


def _is_file(name: str) -> bool:
    return name.endswith(".py") or os.sep in name


def _file(name: str) -> Path:
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise HardballError(f"no plug-in {name}: name a Python file, or a module that is installed")
    return path


def _execute(path: Path) -> None:
    """Runs a file as a module, which is called by its path, as messages call it."""
    spec = importlib.util.spec_from_file_location(str(path), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[str(path)] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[str(path)]
        raise


def _said(error: BaseException) -> str:
    """What went wrong, on one line."""
    if isinstance(error, HardballError):
        return str(error)
    return " ".join(f"{type(error).__name__}: {error}".split())
