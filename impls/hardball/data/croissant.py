"""A data set as Croissant: its tables beside a croissant.json that any loader of MLCommons reads.

https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

import json
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from hardball.core import files, optional, paths
from hardball.core.errors import HardballError
from hardball.data import bundle, cards, store
from hardball.hierarchy.dag import Hierarchy

SPECIFICATION = "http://mlcommons.org/croissant/1.0"
METADATA = "croissant.json"
NOTICE = "LICENSE.txt"
TSV = "text/tab-separated-values"
COLUMNS = {
    "child": "the id of a node",
    "parent": "the id of a node one edge above it",
    "id": "the id of a node, as the source has it",
    "name": "what people call the node",
}


def write(name: str, folder: Path) -> Path:
    """Writes a data set's edges, nodes, licence and croissant.json into a new folder.

    Builds the hierarchy where that was not done. Returns the path of croissant.json.
    Raises HardballError on an unknown data set, on a folder that is there already, and where
    mlcroissant is not installed.
    """
    card = cards.load(name)
    croissant = optional.load("mlcroissant", "a Croissant description")
    if folder.exists():
        raise HardballError(f"{folder} is there already: remove it, or name another with --out")
    h = store.open_hierarchy(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        made = Path(aside) / folder.name
        made.mkdir()
        edges, nodes = made / f"{name}.edges.tsv", made / f"{name}.nodes.tsv"
        for path, text in zip((edges, nodes), bundle.texts(h), strict=True):
            path.write_bytes(text.encode("utf-8"))
        shutil.copyfile(paths.datasets() / card.notice, made / NOTICE)
        described = _metadata(croissant, card, h, edges, nodes)
        text = json.dumps(described.to_json(), indent=2, ensure_ascii=False, default=str)
        (made / METADATA).write_text(text + "\n", encoding="utf-8")
        made.rename(folder)
    return folder / METADATA


def _metadata(croissant: Any, card: cards.Card, h: Hierarchy, edges: Path, nodes: Path) -> Any:
    counted = f"{h.n_nodes:,} nodes, {h.n_edges:,} direct edges from a child to a parent."
    said = [f"{card.title}.", card.remarks.strip(), counted]
    return croissant.Metadata(
        name=card.name,
        description=" ".join(text for text in said if text),
        url=card.homepage,
        license=[card.licence],
        cite_as=card.citation.strip(),
        creators=[croissant.Organization(name=card.creator)] if card.creator else [],
        date_published=_day(card.published),
        version=next((source.version for source in card.sources if source.version), None),
        keywords=["hierarchy", "taxonomy", "graph embedding"],
        conforms_to=[SPECIFICATION],
        distribution=[_table(croissant, edges), _table(croissant, nodes)],
        record_sets=[
            _records(croissant, "edges", "direct edges", edges, ["child", "parent"]),
            _records(croissant, "nodes", "nodes and groups", nodes, ["id", "name", *h.groups]),
        ],
    )


def _day(published: str) -> datetime | None:
    """The date that a card says, of a month its first day."""
    return datetime.fromisoformat(f"{published}-01"[:10]) if published else None


def _table(croissant: Any, path: Path) -> Any:
    return croissant.FileObject(
        id=path.name,
        name=path.name,
        content_url=path.name,
        content_size=f"{path.stat().st_size} B",
        encoding_formats=[TSV],
        sha256=files.sha256(path),
    )


def _records(croissant: Any, name: str, what: str, path: Path, columns: list[str]) -> Any:
    fields = [
        croissant.Field(
            id=f"{name}/{column}",
            name=column,
            description=COLUMNS.get(column, f"the node's {column}, empty where it has none"),
            data_types=[croissant.DataType.TEXT],
            source=croissant.Source(
                file_object=path.name, extract=croissant.Extract(column=column)
            ),
        )
        for column in columns
    ]
    return croissant.RecordSet(id=name, name=name, description=what, fields=fields)
