"""Embeddings written for other tools, ids and names in them."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hardball.core import files
from hardball.core.errors import HardballError, unknown
from hardball.core.files import replacing
from hardball.library.embedding import Embedding

# Digits that give a float64 back.
_DIGITS = "%.17g"


def _tsv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, sep="\t", index=False, float_format=_DIGITS)


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def _npz(frame: pd.DataFrame, path: Path) -> None:
    texts = {name: frame[name].to_numpy(str) for name in ("id", "name")}
    with path.open("wb") as stream:
        np.savez(stream, points=_rows(frame), ids=texts["id"], names=texts["name"])


def _word2vec(frame: pd.DataFrame, path: Path) -> None:
    """Names where each is one node's alone, else ids; spaces in them become underscores."""
    rows, words = _rows(frame), _words(frame["name"])
    words = words if words.is_unique else _words(frame["id"])
    lines = [f"{len(rows)} {rows.shape[1]}"]
    lines += [f"{word} {' '.join(_DIGITS % x for x in row)}" for word, row in
              zip(words, rows, strict=True)]  # fmt: skip
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _projector(frame: pd.DataFrame, path: Path) -> None:
    """vectors.tsv and metadata.tsv, in a folder."""
    path.mkdir()
    np.savetxt(path / "vectors.tsv", _rows(frame), _DIGITS, delimiter="\t")
    frame[["id", "name", "depth"]].to_csv(path / "metadata.tsv", sep="\t", index=False)


@dataclass(frozen=True)
class Format:
    """ending: of the file, "" for a folder. space: its coordinates where nobody names any."""

    ending: str
    summary: str
    write: Callable[[pd.DataFrame, Path], None]
    space: str = ""


FORMATS = {
    "tsv": Format(".tsv", "id, name, depth, radius and coordinates, a line a node", _tsv),
    "parquet": Format(".parquet", "the same columns", _parquet),
    "npz": Format(".npz", "arrays points, ids and names", _npz),
    "word2vec": Format(".vec", "word2vec's text: a name or an id and numbers, a line a node",
                       _word2vec),
    "projector": Format("", "a folder for TensorBoard's projector", _projector),
    "poincare": Format(".tsv", "tsv, in the Poincaré ball", _tsv, "poincare"),
    "lorentz": Format(".tsv", "tsv, on the hyperboloid", _tsv, "lorentz"),
}  # fmt: skip


def export(embedding: Embedding, to: str, out: Path | None = None, space: str = "") -> Path:
    """Writes an embedding in a format; returns the file, or the folder.

    to: one of FORMATS. out: by default the hierarchy's name with the format's ending, here. space:
    tangent, poincare, lorentz or euclidean; the embedding's own unless the format or you name one.
    Raises HardballError on another format, on coordinates that float64 cannot hold, on a name with
    a tab or a line break where lines are written, and where nothing can be written.
    """
    if to not in FORMATS:
        raise unknown("format", to, FORMATS)
    kind = FORMATS[to]
    if kind.space and space not in ("", kind.space):
        raise HardballError(f"--to {to} has {kind.space} coordinates: leave out --space {space}")
    frame = embedding.to_frame(kind.space or space)
    broken = frame["name"].str.contains(r"[\t\r\n]") | frame["id"].astype(str).str.contains(
        r"[\t\r\n]"
    )
    if broken.any() and kind.ending not in (".parquet", ".npz"):
        raise HardballError(
            f"node {frame['id'][broken].iloc[0]!r} has a tab or a line break in its name: "
            "take --to parquet"
        )
    target = out or Path(f"{embedding.hierarchy.name}{kind.ending}")
    if target.is_dir():
        raise HardballError(f"{target} is a folder that exists: name another with --out")
    with files.explained(str(target), target.parent):
        if kind.ending:
            with replacing(target) as aside:
                kind.write(frame, aside)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".hardball-") as beside:
                kind.write(frame, Path(beside) / target.name)
                (Path(beside) / target.name).replace(target)
    return target


def _rows(frame: pd.DataFrame) -> np.ndarray:
    axes = [name for name in frame.columns if name[0] == "x" and name[1:].isdigit()]
    return frame[axes].to_numpy(np.float64)


def _words(texts: pd.Series) -> pd.Series:
    return texts.astype(str).str.replace(r"\s+", "_", regex=True)
