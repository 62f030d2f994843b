"""The pages of docs/reference are what the code declares."""

from pathlib import Path

import pytest

from hardball.methods import registry
from hardball.methods.facts import FACTS
from hardball.metrics import listing
from hardball.report import reference
from hardball.runs.spec import RunSpec

FOLDER = Path(__file__).resolve().parents[2] / "docs" / reference.FOLDER
PAGES = reference.pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_committed_page_is_what_the_command_writes(name):
    path = FOLDER / name
    assert path.is_file(), f"no {path}: run `hardball reference` and commit docs/"
    said = f"{name} is not of this code: run `hardball reference` and commit docs/"
    assert path.read_text(encoding="utf-8") == PAGES[name], said


def test_every_method_has_its_place_with_every_parameter():
    for entry in registry.entries():
        page = PAGES[f"{reference.KINDS[entry.kind][0]}.md"]
        _, _, rest = page.partition(f"## {entry.name}\n")
        own = rest.partition("\n## ")[0]
        assert entry.source in own
        for name, one in entry.declared.items():
            assert (
                f"| `{name}` | `{one.default}` | {one.allowed.replace('|', chr(92) + '|')}" in own
            )


def test_every_fact_setting_metric_and_name_is_listed():
    for table in FACTS.values():
        assert all(f"| `{name}` |" in PAGES["facts.md"] for name in table)
    assert all(f"| `{name}` |" in PAGES["settings.md"] for name in RunSpec.model_fields)
    assert all(f"| `{metric.name}` |" in PAGES["metrics.md"] for metric in listing.metrics())
    from hardball.arrays import on_torch

    public = [
        name for name, value in vars(on_torch).items() if name[0].islower() and callable(value)
    ]
    own = [n for n in public if getattr(on_torch, n).__module__.startswith("hardball.arrays")]
    assert all(f"`{name}(" in PAGES["namespace.md"] for name in own)


def test_pages_are_written_below_a_folder(tmp_path):
    written = reference.write(tmp_path)
    assert {path.name for path in written} == set(PAGES)
    assert all(path.parent == tmp_path / reference.FOLDER for path in written)
