"""A submission: packed only as it re-scores, verified by anybody, nothing in it trusted."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import hardball as hb
from hardball.cli.main import app
from hardball.core import files
from hardball.library import own_methods, rescoring, submission, submitting
from hardball.library.hierarchies import hierarchy_of

SAID = {"label": "mine", "author": "A. Person", "licence": "MIT", "link": "https://example.org"}
GIVEN = [text for key, value in SAID.items() for text in (f"--{key}", value)]
DATA = "ncbi_primates"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two seeds of a method, and points that were only scored."""
    folder = tmp_path_factory.mktemp("rows")

    @hb.method("mine", space="tangent", source="a paper")
    def mine(hierarchy, dim, seed, *, step=1.0):
        points = np.random.default_rng(seed).normal(scale=step, size=(hierarchy.n_nodes, dim))
        points[:, 0] += hierarchy.depth
        return points

    own_methods._METHODS.pop("mine")
    hb.run_method(mine, DATA, dim=3, seeds=[0, 1], out=folder, compare=False)
    return folder


@pytest.fixture(scope="module")
def archive(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("out") / "mine.zip"
    code, said = run("submit", rows, *GIVEN, "--out", path)
    assert code == 0, said
    return path


def again(
    archive: Path,
    path: Path,
    changed: dict[str, bytes] | None = None,
    *,
    honest: bool = True,
    more: dict[str, bytes] | None = None,
) -> Path:
    """The archive with other bytes of some members; honest: with a manifest of those bytes."""
    with zipfile.ZipFile(archive) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    members |= changed or {}
    manifest = json.loads(members["manifest.json"])
    if honest:
        for name in manifest["members"]:
            (path.parent / "member").write_bytes(members[name])
            manifest["members"][name] = {
                "bytes": len(members[name]), "sha256": files.sha256(path.parent / "member"),
            }  # fmt: skip
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in {**members, **(more or {})}.items():
            packed.writestr(name, content)
    return path


def member(archive: Path, name: str) -> bytes:
    with zipfile.ZipFile(archive) as packed:
        return packed.read(name)


def test_an_archive_has_rows_points_code_and_a_manifest_of_all_of_them(archive: Path) -> None:
    manifest = json.loads(member(archive, "manifest.json"))
    assert {key: manifest[key] for key in SAID} == SAID
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
    assert sorted(["manifest.json", *manifest["members"]]) == sorted(names)
    kinds = sorted(name.partition("/")[0] for name in manifest["members"])
    assert kinds == ["code", "external.csv", "points", "points"]
    first, second = manifest["spec"]
    assert (first["dataset"], first["task"], first["dim"], first["seed"], first["settings"]) == (
        DATA, "reconstruction", "3", "0", '{"step": 1.0}',
    )  # fmt: skip
    assert second["seed"] == "1"
    assert manifest["environment"]["numpy"] == [np.__version__]
    assert "def mine(" in member(archive, next(n for n in names if n.startswith("code/"))).decode()


def test_the_text_of_a_pull_request_says_who_what_and_the_figures(archive: Path) -> None:
    said = archive.with_name("mine.zip.md").read_text(encoding="utf-8")
    assert said.startswith("# mine\n")
    assert "- author: A. Person\n- licence: MIT\n- link: https://example.org\n" in said
    assert f"sha256 `{files.sha256(archive)}`" in said
    assert "| mine · tangent d=3 | step 1.0 | numpy | 2 |" in said


def test_the_same_rows_give_the_same_bytes(archive: Path, rows: Path, tmp_path: Path) -> None:
    other, _ = submitting.submit(rows, **SAID, out=tmp_path / "other.zip")
    assert other.read_bytes() == archive.read_bytes()


def test_what_is_true_is_verified_and_can_be_taken_over(archive: Path, tmp_path: Path) -> None:
    code, said = run("verify", archive, "--out", tmp_path / "taken")
    assert code == 0, said
    lines = [line for line in said.splitlines() if line.startswith("verified\t")]
    assert [line.partition(": ")[0] for line in lines] == [
        f"verified\tmine, {DATA}, reconstruction, d=3, seed {seed}" for seed in (0, 1)
    ]
    taken = pd.read_csv(tmp_path / "taken" / "external.csv")
    assert taken["author"].tolist() == ["A. Person"] * 2
    assert all((tmp_path / "taken" / name).is_file() for name in taken["file"])
    code, said = run("table", tmp_path / "taken")
    assert code == 0, said
    table = tmp_path / "taken" / "tables" / f"{DATA}-reconstruction.md"
    assert "\nmine: A. Person, MIT, https://example.org.\n" in table.read_text(encoding="utf-8")


def test_a_figure_that_does_not_come_out_again_is_named(archive: Path, tmp_path: Path) -> None:
    true = pd.read_csv(pd.io.common.BytesIO(member(archive, "external.csv")))
    lies = true.assign(map=true["map"].where(true["seed"] == 1, 0.999)).to_csv(index=False)
    path = again(archive, tmp_path / "lies.zip", {"external.csv": lies.encode()})
    code, said = run("verify", path, "--out", tmp_path / "taken")
    assert code == 1
    first, second = said.splitlines()
    assert first == (
        f"differs\tmine, {DATA}, reconstruction, d=3, seed 0: map is 0.999 in the row, "
        f"{true['map'][0]:.9g} here"
    )
    assert second.startswith(f"verified\tmine, {DATA}, reconstruction, d=3, seed 1: ")
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (0.5, 0.5 + 4e-7, True),
        (0.5, 0.5 + 2e-6, False),
        (1000.0, 1000.0005, True),
        (float("inf"), 3.0, False),
        (float("inf"), float("inf"), True),
    ],
)
def test_figures_are_the_same_up_to_a_millionth(old: float, new: float, same: bool) -> None:
    assert rescoring._same(old, new, rescoring.TOLERANCE) is same


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../escaped.npz", "has no place in a submission"),
        ("/tmp/escaped.npz", "has no place in a submission"),
        ("points/../../escaped.npz", "has no place in a submission"),
        ("points\\..\\escaped.npz", "has no place in a submission"),
        ("points/.hidden.npz", "has no place in a submission"),
        ("setup.py", "has no place in a submission"),
        ("points/more.npz", "is not both packed and in manifest.json"),
    ],
)
def test_a_member_that_has_no_place_is_refused_and_written_nowhere(
    name: str, said: str, archive: Path, tmp_path: Path
) -> None:
    path = again(archive, tmp_path / "more.zip", more={name: b"x"})
    code, output = run("verify", path)
    assert (code, output.count("\n")) == (2, 1), output
    assert said in output
    assert not Path("/tmp/escaped.npz").exists()
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["member", "more.zip"]


def test_tampered_members_are_refused_in_one_line(archive: Path, tmp_path: Path) -> None:
    points = next(n for n in json.loads(member(archive, "manifest.json"))["members"] if "npz" in n)
    other = member(archive, points)[:-1] + b"x"
    text = member(archive, "external.csv").replace(b"mine", b"ours")
    task = member(archive, "external.csv").replace(b"reconstruction", b"leaf_parent")
    cases = {
        "tampered": again(archive, tmp_path / "a.zip", {points: other}, honest=False),
        "has other bytes than the row says": again(archive, tmp_path / "b.zip", {points: other}),
        "have another label": again(archive, tmp_path / "c.zip", {"external.csv": text}),
        "are not those of manifest.json": again(
            archive, tmp_path / "d.zip", {"external.csv": task}
        ),
        "manifest.json: the whole: Invalid JSON": tmp_path / "e.zip",
        "no manifest.json": tmp_path / "f.zip",
        "no whole archive": tmp_path / "g.zip",
        "no file": tmp_path / "h.zip",
    }
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as packed:
        packed.writestr("manifest.json", "{")
        packed.writestr("external.csv", "")
    zipfile.ZipFile(tmp_path / "f.zip", "w").close()
    (tmp_path / "g.zip").write_bytes(archive.read_bytes()[:-300])
    for said, path in cases.items():
        code, output = run("verify", path)
        assert (code, output.count("\n")) == (2, 1), output
        assert said in output


def test_points_that_are_pickled_or_huge_are_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = hierarchy_of(DATA).ids
    np.savez(
        tmp_path / "pickled.npz", points=np.array([print], object), manifest="tangent", c=1.0,
        ids_sha256="", ids=np.zeros(0, np.uint8),
    )  # fmt: skip
    code, said = run("verify", _with_points(archive, tmp_path, tmp_path / "pickled.npz"))
    assert (code, said.count("\n")) == (2, 1), said
    assert "not an embedding written by hardball" in said
    np.savez_compressed(tmp_path / "huge.npz", points=np.zeros((len(ids), 2000)))
    path = _with_points(archive, tmp_path, tmp_path / "huge.npz")
    for module in (submission, rescoring):
        monkeypatch.setattr(module, "MOST_BYTES", 2**20)
    code, said = run("verify", path)
    assert (code, said.count("\n")) == (2, 1), said
    assert "over 1 MiB unpacked" in said


def _with_points(archive: Path, folder: Path, points: Path) -> Path:
    """The archive with another points file in its first row, and sums that fit."""
    table = pd.read_csv(pd.io.common.BytesIO(member(archive, "external.csv")))
    name = table["file"][0]
    table.loc[0, "file_sha256"] = files.sha256(points)
    changed = {"external.csv": table.to_csv(index=False).encode(), name: points.read_bytes()}
    return again(archive, folder / "other.zip", changed)


def test_submit_refuses_what_does_not_come_out_again(rows: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(rows, folder)
    table = pd.read_csv(folder / "external.csv", dtype={"seed": int})
    table.assign(mean_rank=1.0).to_csv(folder / "external.csv", index=False)
    out = tmp_path / "mine.zip"
    code, said = run("submit", folder, *GIVEN, "--out", out)
    assert (code, said.count("\n")) == (2, 1), said
    assert "mean_rank is 1 in the row," in said
    (folder / table["file"][0]).unlink()
    code, said = run("submit", folder, *GIVEN, "--out", out)
    assert (code, said.count("\n")) == (2, 1), said
    assert "score it again with --label, or run the method" in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--label", "mnie", "unknown label 'mnie', did you mean 'mine'"),
        ("--link", "example.org", "--link 'example.org': allowed is a web address"),
        ("--author", "", "--author '': allowed is one line of text"),
        ("--licence", "MIT\nand more", "allowed is one line of text"),
    ],
)
def test_a_slip_in_what_is_said_is_one_line(
    option: str, value: str, said: str, rows: Path, tmp_path: Path
) -> None:
    code, output = run("submit", rows, *GIVEN, option, value, "--out", tmp_path / "mine.zip")
    assert (code, output.count("\n")) == (2, 1), output
    assert said in output
    assert not list(tmp_path.iterdir())


def test_data_that_others_do_not_have_cannot_be_submitted(tmp_path: Path) -> None:
    @hb.method("mine", space="tangent")
    def mine(hierarchy, dim, seed):
        return np.random.default_rng(seed).normal(size=(hierarchy.n_nodes, dim))

    own_methods._METHODS.pop("mine")
    edges = [("cat", "mammal"), ("dog", "mammal"), ("mammal", "animal")]
    hb.run_method(mine, edges, dim=2, out=tmp_path, compare=False)
    code, said = run("submit", tmp_path, *GIVEN, "--out", tmp_path / "mine.zip")
    assert (code, said.count("\n")) == (2, 1), said
    assert "has no data card" in said


def test_points_that_were_only_scored_are_submitted_too(tmp_path: Path) -> None:
    ids = [str(raw) for raw in hierarchy_of(DATA).ids]
    points = 0.3 * np.random.default_rng(0).uniform(-1, 1, (len(ids), 2))
    path = tmp_path / "points.tsv"
    lines = ["\t".join([raw, *map(str, row)]) for raw, row in zip(ids, points, strict=True)]
    path.write_text("\n".join(lines[::-1]), encoding="utf-8")
    given = ["score", path, "-d", DATA, "--space", "poincare", "--c", 2.0, "--label", "mine"]
    code, said = run(*given, "--out", tmp_path / "rows")
    assert code == 0, said
    out = tmp_path / "mine.zip"
    code, said = run("submit", tmp_path / "rows", *GIVEN, "--out", out)
    assert code == 0, said
    ((row, differs),) = submitting.verify(out)
    assert (row.space, row.dim, differs) == ("poincare", 2, [])
