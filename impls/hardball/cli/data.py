"""What `hardball fetch`, `build` and `check` do; results on stdout, the rest on stderr."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as Printed

from hardball.core.console import console as on_console
from hardball.core.errors import HardballError
from hardball.data import bundle, cards, check, fetch, published_splits, store
from hardball.data.check import Check
from hardball.hierarchy import temporal
from hardball.hierarchy.dag import Hierarchy
from hardball.runs import settings
from hardball.runs.spec import RunSpec


def fetch_command(
    names: Sequence[str],
    *,
    force: bool = False,
    given: Path | None = None,
    progress: bool = True,
) -> None:
    """Downloads the full sources of data sets (or `all`) and published splits, and says from where.

    given: a folder that has the files of the splits. Raises HardballError on an unknown name, or
    when no source serves a file.
    """
    if not names:
        raise HardballError(f"name a dataset, or all: {', '.join(cards.names())}")
    splits = [name for name in names if name in published_splits.names()]
    if given is not None and len(splits) < len(names):
        raise HardballError(f"--from goes with {', '.join(published_splits.names())} alone")
    for name in splits:
        folder = published_splits.fetch_split(name, given, progress)
        _say(f"{name}: {folder} from {given or published_splits.load(name).url}")
    for name in _expand([name for name in names if name not in splits]):
        fetched = fetch.fetch(name, progress=progress, force=force)
        size = fetched.path.stat().st_size / 1e6
        _say(f"{name}: {fetched.path} ({size:.1f} MB) from {fetched.served_by}")


def build_command(
    names: Sequence[str] = (),
    *,
    edges: Path | None = None,
    nodes: Path | None = None,
    name: str | None = None,
    namespaces: Sequence[str] = (),
    relations: Sequence[str] = (),
    keep_implied: bool = False,
    out: Path | None = None,
    from_source: bool = False,
    force: bool = False,
    write_bundle: bool = False,
) -> None:
    """Builds data sets by name (or `all`), or one's own from --edges; prints one line each.

    from_source: read bundled ones from their full source too. force: build again what is built.
    write_bundle: write the files in datasets/bundled from the full source.
    Raises HardballError on wrong input or counts; then nothing is written.
    """
    if (edges is None) == (not names):
        raise HardballError("name data sets, or give --edges FILE for one of your own: one of both")
    if edges is not None:
        h, folder = store.build_own(
            edges, name=name, nodes=nodes, namespaces=namespaces, relations=relations,
            keep_implied=keep_implied, out=out,
        )  # fmt: skip
        _report(h, f"in {folder}")
        return
    if any((nodes, name, out, namespaces, relations, keep_implied)):
        raise HardballError(
            "--nodes, --name, --namespace, --relation, --keep-implied and --out go with --edges"
        )
    for each in _expand(names):
        if write_bundle:
            _write_bundle(each)
        elif from_source or force:
            h = store.build_card(each, from_source=from_source)
            _report(h, f"in {store.built(each)}")
        else:
            h = store.open_hierarchy(each)
            _report(h, "bundled" if _bundled(each) else f"in {store.built(each)}")


def check_command(
    target: str,
    *,
    dataset: str | None = None,
    most_at_limit: float | None = None,
    progress: bool = True,
) -> bool:
    """Prints the checks of a data set, or of a run's points file; True if none failed.

    target: a name, a built folder, or points/<run>.npz. dataset: what an npz embeds, where its
    row does not lie beside it. most_at_limit: see `check_run.check_run`. Raises
    HardballError on an unknown target.
    """
    path = Path(target)
    if path.suffix == ".npz":
        checks = _run_checks(path, dataset, most_at_limit)
    else:
        h = store.open_hierarchy(target)
        card = cards.load(target) if cards.exists(target) else None
        checks = check.check_dataset(h, card)
        if card is not None:
            checks += _variant_checks(card) + _temporal_checks(card, h)
    print_checks(target, checks)
    return all(one.passed is not False for one in checks)


def print_checks(title: str, checks: Iterable[Check], console: Console | None = None) -> None:
    """One line a check: pass, FAIL or - (the question does not arise), name, detail."""
    listed = list(checks)
    words_of = {True: "[green]pass[/]", False: "[bold red]FAIL[/]", None: "[dim]-[/]"}
    table = Printed(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in listed:
        table.add_row(words_of[one.passed], one.name, one.detail)
    failed = sum(one.passed is False for one in listed)
    passed = sum(one.passed is True for one in listed)
    out = console or on_console()
    out.print(table)
    out.print(f"{title}: {passed} passed, {failed} failed", highlight=False)


def _expand(names: Sequence[str]) -> list[str]:
    """`all` is every card that states what to expect: not the one that changes every day."""
    if list(names) != ["all"]:
        return list(names)
    return [name for name in cards.names() if cards.load(name).expected.nodes is not None]


def _bundled(name: str) -> bool:
    return cards.exists(name) and cards.load(name).bundled is not None


def _report(h: Hierarchy, where: str) -> None:
    """One stable line on stdout, notices on stderr."""
    groups = ", ".join(h.groups) or "no groups"
    _say(
        f"{h.name}: {h.n_nodes:,} nodes, {h.n_edges:,} edges, {h.roots.size:,} roots, "
        f"depth {h.max_depth}, {groups}; content {h.content_sha256[:12]}; {where}"
    )
    for notice in h.notices:
        on_console(stderr=True).print(
            f"{h.name}: {notice}", markup=False, highlight=False, soft_wrap=True
        )


def _say(text: str) -> None:
    on_console().print(text, markup=False, highlight=False, soft_wrap=True)


def _write_bundle(name: str) -> None:
    card = cards.load(name)
    if card.bundled is None:
        raise HardballError(f"{name} is not bundled: its card names no bundled files")
    h = store.build_card(name, from_source=True)
    for file, digest in bundle.write(h, card.bundled).items():
        _say(f"{bundle.folder() / file}: sha256 {digest}")


def _variant_checks(card: cards.Card) -> list[Check]:
    checks = []
    for variant, stated in card.variants.items():
        found = len(store.variant_pairs(card.name, variant))
        text = f"{variant}: {found:,} pairs, {stated.summary}"
        checks.append(Check("variant as on the card", found == stated.pairs, text))
    return checks


def _temporal_checks(card: cards.Card, h: Hierarchy) -> list[Check]:
    if card.temporal is None:
        return []
    expected = card.temporal
    changes = temporal.compare(h, store.open_hierarchy(expected.later))
    found = {
        "added": len(changes.added),
        "added_under_known": int(np.count_nonzero(changes.under_known)),
        "moved": len(changes.moved),
        "gone": len(changes.gone),
    }
    return [
        Check(
            "change as on the card",
            value == getattr(expected, what),
            f"{what.replace('_', ' ')} in {expected.later}: {value:,}",
        )
        for what, value in found.items()
    ]


def _run_checks(path: Path, dataset: str | None, most_at_limit: float | None) -> list[Check]:
    from hardball.data.points import load_points
    from hardball.library.runs import row_of
    from hardball.training import check_run

    row = row_of(path)
    name = dataset or (None if row is None else row["dataset"])
    if name is None:
        raise HardballError(f"{path}: its row is not beside it: name its --dataset")
    h = store.open_hierarchy(name)
    saved = load_points(path, h.ids)
    return check_run.check_run(
        saved.points,
        saved.manifold,
        saved.c,
        row or {},
        hierarchy=h,
        spec=_spec(row),
        most_at_limit=check_run.MOST_AT_LIMIT if most_at_limit is None else most_at_limit,
    )


def _spec(row: dict[str, Any] | None) -> RunSpec | None:
    return None if row is None else settings.from_columns(row)
