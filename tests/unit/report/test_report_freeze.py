"""freeze: what a version keeps in git, and how large that may be."""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hardball.core.errors import HardballError
from hardball.report import archive, budgets, freeze, links, pictures, readme, sums
from hardball.report.commands import freeze_command, runs_file
from hardball.report.plots import style

ROOT = Path(__file__).resolve().parents[3]
PICTURES = (".png", ".svg", ".pdf", ".jpg", ".gif")


def kept(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_version_keeps_rows_tables_linked_pictures_and_the_environment(checkout, finished, runs):
    suite = freeze.freeze("v0.1", [finished], checkout) / "made_up"
    assert kept(suite) == [
        "SHA256SUMS", "environment.json", "plots/training.png", "runs.csv", "tables/parity.md",
    ]  # fmt: skip
    assert (suite / "runs.csv").read_bytes() == (finished / "runs.csv").read_bytes()
    said = json.loads((suite / "environment.json").read_text())
    assert said["runs"] == len(runs)
    assert "numpy" in said["packages"]


def test_what_was_made_elsewhere_is_kept_with_its_points(checkout, finished):
    (finished / "external.csv").write_text(
        "dataset,task,label,space,file,file_sha256,data_sha256\n"
        "pets,reconstruction,mine,tangent,points/pets-mine.npz,0,0\n"
        "pets,reconstruction,older,tangent,older.tsv,0,0\n"
    )
    (finished / "points").mkdir(exist_ok=True)
    (finished / "points" / "pets-mine.npz").write_bytes(b"x")
    suite = freeze.freeze("v0.1", [finished], checkout) / "made_up"
    assert "external.csv" in kept(suite)
    members = archive.read_record(suite.parent).members
    assert members["made_up/points/pets-mine.npz"] == 1


def test_a_picture_linked_of_an_older_version_is_kept_of_a_new_one(checkout, finished):
    suite = freeze.freeze("v0.2", [finished], checkout) / "made_up"
    assert (suite / "plots" / "training.png").is_file()


def test_a_linked_picture_that_was_not_drawn_is_an_error(checkout, finished):
    (finished / "plots" / "training.png").unlink()
    with pytest.raises(HardballError, match=r"no plots/training\.png.*`hardball plot made_up`"):
        freeze.freeze("v0.1", [finished], checkout)


def test_a_picture_becomes_a_small_png_with_a_palette(tmp_path):
    path = tmp_path / "noise.png"
    noise = np.random.default_rng(1).integers(0, 256, (700, 900, 4), np.uint8)
    Image.fromarray(noise).save(path)
    assert path.stat().st_size > budgets.PICTURE
    small = pictures.small_png(path)
    assert small == pictures.small_png(path)
    assert len(small) <= budgets.PICTURE
    shown = Image.open(io.BytesIO(small))
    assert shown.mode == "P"
    assert shown.width / shown.height == pytest.approx(9 / 7, rel=0.01)


def test_a_small_picture_keeps_its_pixels(tmp_path):
    path = tmp_path / "flat.png"
    flat = np.full((50, 80, 3), (0, 114, 178), np.uint8)
    flat[10:20] = (213, 94, 0)
    Image.fromarray(flat).save(path)
    shown = Image.open(io.BytesIO(pictures.small_png(path))).convert("RGB")
    assert np.array_equal(np.asarray(shown), flat)


def test_lines_keep_their_colours_when_a_picture_becomes_small(tmp_path):
    """What tells series apart; noise as faint as soft edges has to make room."""
    faint = np.random.default_rng(2).integers(225, 256, (600, 800, 3), np.uint8)
    hues = [tuple(int(h[k : k + 2], 16) for k in (1, 3, 5)) for h in style.PALETTE]
    for place, hue in enumerate(hues):
        faint[60 * place + 20 : 60 * place + 40] = hue
    path = tmp_path / "lines.png"
    Image.fromarray(faint).save(path)
    small = pictures.small_png(path, 50_000)
    shown = Image.open(io.BytesIO(small))
    assert len(small) <= 50_000
    assert shown.width < 800
    assert set(hues) <= {color for _, color in shown.convert("RGB").getcolors(10**6)}


def test_a_frozen_suite_stays_unless_forced(checkout, finished):
    freeze.freeze("v0.1", [finished], checkout)
    with pytest.raises(HardballError, match="frozen already"):
        freeze.freeze("v0.1", [finished], checkout)
    (finished / "tables" / "parity.md").rename(finished / "tables" / "other.md")
    target = freeze.freeze("v0.1", [finished], checkout, force=True)
    assert kept(target / "made_up" / "tables") == ["other.md"]


def test_a_version_that_has_a_tag_is_never_frozen_again(checkout, finished):
    root = checkout.parent
    for command in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=b@c", "commit", "-q", "--allow-empty", "-m", "one"],
        ["tag", "v0.1"],
    ):
        subprocess.run(["git", "-C", str(root), *command], check=True)
    with pytest.raises(HardballError, match=r"v0\.1 has a tag and is never frozen again"):
        freeze.freeze("v0.1", [finished], checkout, force=True)
    assert freeze.freeze("v0.1.1", [finished], checkout).is_dir()


def test_another_suite_joins_a_frozen_version(checkout, finished):
    freeze.freeze("v0.1", [finished], checkout)
    second = finished.rename(finished.with_name("second"))
    target = freeze.freeze("v0.1", [second], checkout)
    assert sorted(p.name for p in target.iterdir()) == ["archive.json", "made_up", "second"]


def test_a_freeze_that_fails_leaves_nothing(checkout, finished, monkeypatch):
    monkeypatch.setattr(freeze, "environment", lambda runs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        freeze.freeze("v0.1", [finished], checkout)
    assert list(checkout.iterdir()) == []


@pytest.mark.parametrize("version", ["0.1", "../x", "v", "latest"])
def test_a_version_is_written_as_v_and_numbers(checkout, finished, version):
    with pytest.raises(HardballError, match=r"write it as v0\.1"):
        freeze.freeze(version, [finished], checkout)


def test_a_suite_without_tables_is_refused(checkout, finished):
    for path in (finished / "tables").iterdir():
        path.unlink()
    with pytest.raises(HardballError, match="has no tables: run `hardball table made_up`"):
        freeze.freeze("v0.1", [finished], checkout)
    with pytest.raises(HardballError, match=r"no runs\.csv at nowhere"):
        freeze_command("v0.1", ["nowhere"])


@pytest.mark.parametrize(
    ("budget", "what"),
    [("SUITE", r"v0\.1/made_up"), ("VERSION", r"v0\.1"), ("TREE", "the repository")],
)
def test_what_is_over_its_budget_is_refused_with_the_largest_file(
    checkout, finished, monkeypatch, budget, what
):
    size = (finished / "runs.csv").stat().st_size
    monkeypatch.setattr(budgets, budget, 5000)
    said = rf"{what} would have [\d,]+ bytes, allowed are 5,000; the largest file is .*runs\.csv"
    with pytest.raises(HardballError, match=rf"{said} \({size:,}\): \w+"):
        freeze.freeze("v0.1", [finished], checkout)
    assert list(checkout.iterdir()) == []


def test_tables_that_rows_make_again_leave_a_suite_that_is_too_large(
    checkout, finished, monkeypatch
):
    """The largest first, until it fits; what rows alone do not make byte for byte stays."""
    sizes = {"again.csv": 40_000, "linked.csv": 30_000, "small.csv": 10_000, "curves.csv": 50_000}
    for name, size in sizes.items():
        (finished / "tables" / name).write_text("x" * size)
    page = checkout.parent / "README.md"
    page.write_text(page.read_text() + "[t](results/v0.1/made_up/tables/linked.csv)\n")

    def again(folder, out):
        for name in ("again.csv", "linked.csv", "small.csv"):
            (out / name).write_bytes((folder / "tables" / name).read_bytes())
        (out / "curves.csv").write_text("other")

    whole = sum(sizes.values()) + (finished / "runs.csv").stat().st_size
    monkeypatch.setattr(budgets, "SUITE", whole - 20_000)
    target = freeze.freeze("v0.1", [finished], checkout, again=again)
    assert kept(target / "made_up" / "tables") == [
        "curves.csv", "linked.csv", "parity.md", "small.csv",
    ]  # fmt: skip


def test_links_are_files_of_the_checkout_outside_of_code(tmp_path):
    (tmp_path / "docs" / "use").mkdir(parents=True)
    page = tmp_path / "docs" / "use" / "page.md"
    page.write_text(
        "[a](../a.md#part) ![b](b%20c.png 'title') [c]: d.md\n[e]: e.md\n"
        '<img width="9" src="f.svg"> [g](https://example.org/g.md) [h](#here) `[i](i.md)`\n'
        "```md\n[j](j.md)\n```\n"
    )
    assert [target for target, _ in links.links(page)] == [
        "../a.md#part", "b%20c.png", "e.md", "f.svg",
    ]  # fmt: skip
    assert (tmp_path / "docs" / "a.md").resolve() in links.linked(tmp_path)
    assert (page.parent / "b c.png").resolve() in links.linked(tmp_path)


@pytest.fixture(scope="module")
def tracked():
    found = budgets.tracked(ROOT)
    if not found:
        pytest.skip("no git, or no checkout: nothing is tracked")
    return found


def test_the_repository_is_within_its_budgets(tracked):
    results = {Path(name): size for name, size in tracked.items() if name.startswith("results/")}
    by_version, by_suite = {}, {}
    for path, size in results.items():
        by_version[path.parts[1]] = by_version.get(path.parts[1], 0) + size
        if len(path.parts) > 3:
            by_suite[path.parts[1:3]] = by_suite.get(path.parts[1:3], 0) + size
    assert sum(tracked.values()) <= budgets.TREE
    assert {v: size for v, size in by_version.items() if size > budgets.VERSION} == {}
    assert {s: size for s, size in by_suite.items() if size > budgets.SUITE} == {}


def test_results_keep_only_small_pictures_that_a_document_links(tracked):
    results = {ROOT / name: size for name, size in tracked.items() if name.startswith("results/")}
    shown = {path: size for path, size in results.items() if path.suffix in PICTURES}
    linked = links.linked(ROOT)
    assert sorted(path for path in shown if path.resolve() not in linked) == []
    assert {path: size for path, size in shown.items() if size > budgets.PICTURE} == {}
    assert all(Image.open(path).mode == "P" for path in shown if path.suffix == ".png")
    plain = {path.suffix for path in results if path.name != sums.FILE}
    assert plain <= {".csv", ".md", ".json", *PICTURES}


def test_readme_regions_are_filled_and_filled_again(checkout, finished):
    picture = "disk-wordnet_mammals-d5.png"
    (finished / "plots" / "training.png").rename(finished / "plots" / picture)
    page = checkout.parent / "README.md"
    page.write_text(
        "before\n<!-- begin results table -->\nold\n<!-- end results table -->\nbetween\n"
        f"<!-- begin figure -->\n![](results/v0.0/made_up/plots/{picture})\n<!-- end figure -->\n"
    )
    target = freeze.freeze("v0.1", [finished], checkout)
    of = {"suite": "made_up", "pictured": "made_up"}
    readme.update(page, target, checkout.parent, **of)
    once = page.read_text()
    readme.update(page, target, checkout.parent, **of)
    assert page.read_text() == once
    assert "old" not in once
    assert f"](results/v0.1/made_up/plots/{picture})" in once
    pool, uniform, *_ = [line for line in once.splitlines() if line.startswith("| `")]
    assert pool.startswith("| `pool` | 0.9")
    assert pool.endswith("| 134 M | 4.000 |")
    assert uniform.startswith("| `uniform` | 0.798 (0.792–0.802) |")


def test_a_suite_is_still_named_by_its_frozen_folder(checkout, finished):
    target = freeze.freeze("v0.1", [finished], checkout)
    assert runs_file(target / "made_up") == target / "made_up" / "runs.csv"
