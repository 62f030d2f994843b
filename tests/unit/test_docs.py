"""The documents hold: their code runs and prints what they say, their links lead somewhere."""

import contextlib
import hashlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from covering import part

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
MOST_WORDS = 800
EXTEND = DOCS / "extend"
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(page, language):
    text = page.read_text(encoding="utf-8")
    return [content for kind, content in FENCE.findall(text) if kind == language]


def sh(commands, folder, **environment):
    """Runs a page's commands in a folder of their own, with results and cache of their own."""
    for name in ("datasets", "results"):
        (folder / "root" / name).mkdir(parents=True, exist_ok=True)
    own = {
        "HARDBALL_ROOT": str(folder / "root"),
        "HARDBALL_CACHE": str(folder / "cache"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=folder,
        env={**os.environ, **own, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def files_of(page, language):
    """The complete files of a page: blocks that begin with `# name`."""
    for content in blocks(page, language):
        named = re.match(r"# (\S+\.\w+)\n", content)
        if named:
            yield named[1], content


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").split()) <= MOST_WORDS


def test_the_readmes_regions_are_there_for_the_command_that_fills_them():
    text = README.read_text(encoding="utf-8")
    for name in ("results table", "figure"):
        assert text.index(f"<!-- begin {name} -->") < text.index(f"<!-- end {name} -->")


def test_the_readmes_ten_lines_of_python_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (snippet,) = blocks(README, "python")
    assert len([line for line in snippet.splitlines() if line.strip()]) <= 10
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(snippet, "README.md", "exec"), {})
    assert "feline" in said.getvalue()
    assert "hierarchy: MAP 1.000" in said.getvalue()


def test_the_page_on_python_prints_what_it_says_and_its_sampler_draws_siblings():
    names = ran(DOCS / "use" / "python.md", least=4)
    tree, anchors, negatives = names["tree"], names["anchors"], names["negatives"]
    assert negatives.shape == names["valid"].shape == (3, 10)
    # Siblings, or cousins of an only child: nodes of the anchor's depth.
    assert all(tree.depth[n] == tree.depth[anchors[2]] for n in negatives[2].tolist())


def test_a_hierarchy_of_your_own_leads_from_a_file_to_a_table(tmp_path):
    (commands,) = (block for block in blocks(README, "sh") if "hardball build" in block)
    said = sh(commands, tmp_path)
    (named,) = (line for line in said.splitlines() if line.endswith("drinks-reconstruction.md"))
    table = (tmp_path / named).read_text(encoding="utf-8")
    lines = [line for line in table.splitlines() if line.startswith(("| uniform", "| siblings"))]
    assert all("| jax | 3 |" in line for line in lines[:2])


def ran(path, least):
    """The names that a page's Python makes; what each block prints stands in the text after it."""
    page = FENCE.findall(path.read_text(encoding="utf-8"))
    names, shown = {}, 0
    for (kind, code), (after, said) in zip(page, [*page[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, path.name, "exec"), names)
        assert after != "text" or printed.getvalue() == said
        shown += after == "text"
    assert shown >= least
    return names


def test_the_tutorial_prints_what_it_says():
    assert ran(DOCS / "learn" / "tutorial.md", least=5)


@pytest.mark.parametrize("page", part(["sampler", "loss", "metric", "method"], ["sampler"]))
def test_a_page_of_extend_is_a_file_that_works(page, tmp_path):
    path = EXTEND / f"{page}.md"
    for name, content in files_of(path, "python"):
        (tmp_path / name).write_text(content, encoding="utf-8")
    for name in ("datasets", "benchmarks"):
        (tmp_path / "root").mkdir(exist_ok=True)
        (tmp_path / "root" / name).symlink_to(ROOT / name)
    for commands in blocks(path, "sh"):
        assert sh(commands, tmp_path)


@pytest.mark.full
def test_the_page_of_data_cards_is_a_card_that_works(tmp_path):
    path = EXTEND / "data-card.md"
    ((name, card),) = files_of(path, "yaml")
    (data,) = blocks(path, "text")
    served = tmp_path / "served.tsv"
    served.write_text(data, encoding="utf-8")
    assert hashlib.sha256(served.read_bytes()).hexdigest() in card
    cards = tmp_path / "root" / "datasets"
    cards.mkdir(parents=True)
    (cards / name).write_text(card.replace("https://example.org/teas.tsv", served.as_uri()))
    (commands,) = blocks(path, "sh")
    assert "teas-uniform" in sh(commands, tmp_path)


def test_the_example_of_the_architecture_registers():
    (code,) = blocks(DOCS / "architecture.md", "python")
    names = {}
    exec(compile(code, "architecture.md", "exec"), names)
    assert names["squared"].parameters == {"scale": 1.0}


PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
