"""A version's archive: the same bytes each time, refused when it is not what the version says."""

import io
import tarfile

import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core.errors import HardballError
from hardball.report import archive, freeze, rows
from hardball.report.commands import plot_command, table_command

SUITE = "toy_suite"


@pytest.fixture
def archives(tmp_path, monkeypatch):
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HARDBALL_ARCHIVES", str(tmp_path / "archives"))
    return tmp_path / "archives"


@pytest.fixture
def frozen(tmp_path, toy_suite, archives):
    """A frozen version's folder; its archive lies in `archives`."""
    table_command(toy_suite)
    return freeze.freeze("v0.1", [toy_suite], tmp_path / "results")


def tar_at(frozen, archives):
    return archives / archive.read_record(frozen).file


def rewritten(path, record, *, members=None, change=None):
    """The archive written again with other members, and the record that fits its bytes."""
    with tarfile.open(path) as tar:
        held = {info.name: tar.extractfile(info).read() for info in tar}
    with tarfile.open(path, "w") as tar:
        for name, text in {**held, **(members or {})}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            if change:
                change(info)
            tar.addfile(info, io.BytesIO(text))
    digest = archive.files.sha256(path)
    return record.model_copy(update={"sha256": digest, "bytes": path.stat().st_size})


def test_the_archive_has_the_curves_and_points_of_the_frozen_rows(toy_suite, frozen):
    record = archive.read_record(frozen)
    left = [path for part in archive.KINDS for path in (toy_suite / part).iterdir()]
    names = [f"{SUITE}/{path.parent.name}/{path.name}" for path in left]
    assert list(record.members) == sorted(names)
    assert len(names) == 8 + 16  # 4 samplers x 2 frameworks; x 2 seeds
    assert not list(frozen.rglob("*.npz"))
    assert not list(frozen.rglob("*.parquet"))


def test_points_of_no_frozen_row_stay_behind(toy_suite):
    (toy_suite / "points" / "of-no-row.npz").write_bytes(b"array")
    runs = rows.read_runs(toy_suite / "runs.csv").to_dict("records")
    assert len(archive.members_of(toy_suite, runs)) == 24
    assert set(archive.members_of(toy_suite, runs[:1])) == {
        f"{SUITE}/curves/wordnet_mammals-uniform-jax.parquet",
        f"{SUITE}/points/wordnet_mammals-uniform-jax-s0.npz",
    }


def test_the_same_runs_give_the_same_bytes(tmp_path, toy_suite, frozen, archives):
    path = tar_at(frozen, archives)
    first = path.read_bytes()
    runs = rows.read_runs(toy_suite / "runs.csv").to_dict("records")
    members = archive.members_of(toy_suite, runs)
    backwards = dict(reversed(list(members.items())))
    for member in members.values():
        member.touch()
        member.chmod(0o600)
    record = archive.pack(tmp_path / "again", "v0.1", backwards)
    assert record == archive.read_record(frozen)
    assert (tmp_path / "again" / record.file).read_bytes() == first


def test_a_frozen_suite_is_drawn_from_its_archive_as_from_its_own_folder(
    tmp_path, toy_suite, frozen
):
    own = plot_command(toy_suite, tmp_path / "own", ["svg"])
    again = plot_command(frozen / SUITE, tmp_path / "again", ["svg"])
    assert [path.name for path in own] == [path.name for path in again]
    assert {path.stem.split("-")[0] for path in own} >= {"metrics", "training", "depth", "disk"}
    for path in own:
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_a_frozen_suites_tables_are_made_again_beside_git(tmp_path, toy_suite, frozen):
    drawn = tmp_path / "results" / "work" / "redrawn" / "v0.1" / SUITE / "tables"
    written = table_command(frozen / SUITE)
    assert {path.parent for path in written} == {drawn}
    for path in written:
        assert path.read_bytes() == (frozen / SUITE / "tables" / path.name).read_bytes()


def test_an_archive_is_fetched_once_from_an_address(tmp_path, frozen, archives, monkeypatch):
    served = archives.rename(tmp_path / "served")
    monkeypatch.setenv("HARDBALL_ARCHIVES", served.as_uri())
    record = archive.read_record(frozen)
    found = archive.find(record)
    assert found == tmp_path / "cache" / "archives" / record.file
    (served / record.file).unlink()
    assert archive.find(record) == found


def test_wrong_bytes_of_an_address_are_not_kept(tmp_path, frozen, archives, monkeypatch):
    served = archives.rename(tmp_path / "served")
    monkeypatch.setenv("HARDBALL_ARCHIVES", served.as_uri())
    record = archive.read_record(frozen)
    (served / record.file).write_bytes(b"x" * record.bytes)
    with pytest.raises(HardballError, match="sha256 mismatch"):
        archive.find(record)
    left = (tmp_path / "cache" / "archives").iterdir()
    assert [path.name for path in left if path.suffix != ".lock"] == []


def test_a_missing_archive_says_in_one_line_what_to_do(frozen, archives, monkeypatch):
    tar_at(frozen, archives).unlink()
    said = CliRunner().invoke(app, ["plot", str(frozen / SUITE), "--format", "svg"])
    assert said.exit_code == 2
    assert said.stderr.count("\n") == 1
    assert "set HARDBALL_ARCHIVES" in said.stderr
    assert "`hardball rerun ROW`" in said.stderr


def test_rows_alone_draw_what_needs_no_archive(tmp_path, frozen, archives):
    tar_at(frozen, archives).unlink()
    drawn = plot_command(frozen / SUITE, tmp_path / "out", ["svg"], rows_only=True)
    assert {path.stem.split("-")[0] for path in drawn} == {"metrics", "parity"}


def test_a_version_without_an_archive_says_so_and_draws_what_rows_allow(tmp_path, frozen, capsys):
    (frozen / archive.RECORD).unlink()
    drawn = plot_command(frozen / SUITE, tmp_path / "out", ["svg"])
    assert {path.stem.split("-")[0] for path in drawn} == {"metrics", "parity"}
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"v0.1 has no archive of {SUITE}" in said


def test_a_tampered_archive_is_refused(frozen, archives):
    path = tar_at(frozen, archives)
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)
    with pytest.raises(HardballError, match=r"has sha256 \w+, expected \w+: delete it"):
        archive.find(archive.read_record(frozen))


def test_an_archive_that_is_cut_off_is_refused(frozen, archives):
    path = tar_at(frozen, archives)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(HardballError, match="it is cut off or another file"):
        archive.find(archive.read_record(frozen))


def test_a_cut_off_archive_is_refused_while_it_is_read_too(tmp_path, frozen, archives):
    path = tar_at(frozen, archives)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(HardballError, match=r"not a readable archive|lacks \d+ members"):
        archive.unpack(path, archive.read_record(frozen), SUITE, tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["../outside.npz", "/points/x.npz", "s/points/../../x.npz", "s/points/..npz",
             "s/points/a\\b.npz", "s/points/x.pkl", "s/rows/x.npz", "s/points/deep/x.npz"],
)  # fmt: skip
def test_a_member_with_a_path_outside_is_refused(tmp_path, frozen, archives, name):
    record = archive.read_record(frozen)
    path = tar_at(frozen, archives)
    evil = rewritten(path, record, members={name: b"evil"})
    evil = evil.model_copy(update={"members": {**record.members, name: 4}})
    with pytest.raises(HardballError, match="allowed are <suite>/curves"):
        archive.unpack(archive.find(evil), evil, SUITE, tmp_path / "a" / "b")
    archive.write_record(frozen, evil)
    with pytest.raises(HardballError, match="allowed are <suite>/curves"):
        archive.read_record(frozen)
    assert not (tmp_path / "a" / "outside.npz").exists()


def test_a_member_that_is_a_link_is_refused(tmp_path, frozen, archives):
    def link(info):
        info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0

    evil = rewritten(tar_at(frozen, archives), archive.read_record(frozen), change=link)
    with pytest.raises(HardballError, match=r"is not as archive\.json says"):
        archive.unpack(archive.find(evil), evil, SUITE, tmp_path / "out")


def test_a_member_that_the_version_does_not_list_is_refused(tmp_path, frozen, archives):
    more = {f"{SUITE}/points/more.npz": b"more"}
    evil = rewritten(tar_at(frozen, archives), archive.read_record(frozen), members=more)
    with pytest.raises(HardballError, match=r"more\.npz' is not as archive\.json says"):
        archive.unpack(archive.find(evil), evil, SUITE, tmp_path / "out")


def test_another_suite_joins_the_archive(tmp_path, frozen, toy_suite, archives):
    before = archive.read_record(frozen)
    second = toy_suite.rename(toy_suite.with_name("second"))
    freeze.freeze("v0.1", [second], tmp_path / "results")
    after = archive.read_record(frozen)
    assert set(after.members) == {
        *before.members, *(n.replace(SUITE, "second") for n in before.members),
    }  # fmt: skip
    for suite in (SUITE, "second"):
        archive.unpack(archive.find(after), after, suite, tmp_path / suite / "out")
        points = sorted((tmp_path / suite / "out" / "points").iterdir())
        assert [p.read_bytes() for p in points] == [
            (second / "points" / p.name).read_bytes() for p in points
        ]


def test_a_suite_cannot_join_an_archive_that_is_not_there(tmp_path, frozen, toy_suite, archives):
    tar_at(frozen, archives).unlink()
    second = toy_suite.rename(toy_suite.with_name("second"))
    with pytest.raises(HardballError, match="set HARDBALL_ARCHIVES"):
        freeze.freeze("v0.1", [second], tmp_path / "results")
    assert not (frozen / "second").exists()


def test_a_record_that_is_none_is_refused(frozen):
    (frozen / archive.RECORD).write_text('{"file": "../x.tar"}')
    with pytest.raises(HardballError, match=r"archive\.json: file: "):
        archive.read_record(frozen)
