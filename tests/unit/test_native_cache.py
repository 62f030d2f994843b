"""Compiled code is kept under the hash of all sources it was compiled from."""

import subprocess

import numba

from hardball.training.native import compiled, step, warm


def test_a_change_in_any_file_is_a_new_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_HERE", tmp_path)
    (tmp_path / "caller.py").write_text("import callee")
    (tmp_path / "callee.py").write_text("x = 1")
    first = compiled._folder()
    assert compiled._folder() == first
    (tmp_path / "callee.py").write_text("x = 2")
    assert compiled._folder() != first
    (tmp_path / "callee.py").write_text("x = 1")
    assert compiled._folder() == first


def test_a_kernel_is_kept_there_and_other_code_where_it_was():
    assert step.train._cache._cache_path.startswith(str(compiled.FOLDER))

    @numba.njit(cache=True)
    def other(x):
        return x

    assert not other._cache._cache_path.startswith(str(compiled.FOLDER))


def test_a_kernel_is_compiled_once_and_elsewhere(tmp_path, monkeypatch):
    commands = []

    def run(command, **_):
        commands.append(command[2:])
        return subprocess.CompletedProcess(command, returncode=int(len(commands) == 1))

    monkeypatch.setattr(warm, "FOLDER", tmp_path / "new")
    monkeypatch.setattr(subprocess, "run", run)
    for _ in range(3):
        warm.ensure("torch", "train", "float64")
    # The first failed and left no mark, the second did not, the third had nothing to do.
    assert commands == [["hardball.training.native.warm", "torch", "train", "float64"]] * 2
