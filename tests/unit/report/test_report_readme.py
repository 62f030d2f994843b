"""README's words hold: its snippet runs, its commands lead from a file to a row in a table."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "README.md"


def blocks(language):
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_sampler_in_your_own_loop_runs(capsys):
    (snippet,) = blocks("python")
    names = {}
    exec(compile(snippet, "README.md", "exec"), names)
    tree, anchors, negatives = names["tree"], names["anchors"], names["negatives"]
    assert negatives.shape == names["weight"].shape == (3, 10)
    # what it says it draws: nodes of the anchor's depth (or, widened, of any)
    assert all(tree.depth[n] == tree.depth[anchors[2]] for n in negatives[2].tolist())


def test_a_hierarchy_of_your_own_from_a_file_to_a_table(tmp_path):
    (commands,) = (block for block in blocks("sh") if "hardball build" in block)
    for folder in ("datasets", "results"):
        (tmp_path / "root" / folder).mkdir(parents=True)
    environment = {
        **os.environ,
        "HARDBALL_ROOT": str(tmp_path / "root"),
        "HARDBALL_CACHE": str(tmp_path / "cache"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    named = [line for line in done.stdout.splitlines() if line.endswith("drinks-reconstruction.md")]
    table = (tmp_path / named[0]).read_text(encoding="utf-8")
    lines = [line for line in table.splitlines() if line.startswith(("| uniform", "| siblings"))]
    assert all("| jax | 3 |" in line for line in lines[:2])


@pytest.mark.parametrize(
    "page", [README, *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name
)
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_regions_that_commands_fill_are_there():
    text = README.read_text(encoding="utf-8")
    for name in ("results table", "figure"):
        assert text.index(f"<!-- begin {name} -->") < text.index(f"<!-- end {name} -->")
