"""Cards: what they must say, what they inherit, what a broken one is answered with."""

from pathlib import Path

import pytest

from hardball.core.errors import HardballError
from hardball.data import cards

# name: nodes, direct edges, closure pairs.
TABLE = {
    "wordnet_nouns": (82_115, 84_427, 743_241),
    "wordnet_mammals": (1_180, 1_180, 6_540),
    "wordnet_verbs": (13_542, 13_239, 35_079),
    "ncbi_full": (2_609_295, 2_609_294, 47_361_418),
    "ncbi_primates": (1_131, 1_130, 7_868),
    "ncbi_mammalia": (14_190, 14_189, 147_116),
    "ncbi_coleoptera": (93_255, 93_254, 645_509),
    "ncbi_genera": (95_338, 95_337, 1_868_944),
    "ncbi_vertebrata": (123_584, 123_583, 2_436_017),
    "ncbi_2021": (2_303_318, 2_303_317, 41_756_451),
    "emoji_keywords": (3_398, 10_461, 10_461),
}


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout."""
    (tmp_path / "datasets").mkdir()
    monkeypatch.setenv("HARDBALL_ROOT", str(tmp_path))
    return tmp_path / "datasets"


@pytest.mark.parametrize(("name", "counts"), TABLE.items())
def test_a_card_expects_the_counts_of_the_protocol(name: str, counts: tuple[int, ...]) -> None:
    expected = cards.load(name).expected
    assert (expected.nodes, expected.edges, expected.closure) == counts


@pytest.mark.parametrize("name", cards.names())
def test_a_card_says_whose_data_it_is_and_under_which_terms(name: str) -> None:
    card = cards.load(name)
    assert card.title
    assert card.licence
    assert card.citation
    assert (cards.paths.datasets() / card.notice).is_file()


@pytest.mark.parametrize("name", cards.names())
def test_every_file_but_the_daily_dump_is_pinned(name: str) -> None:
    card = cards.load(name)
    assert card.sources
    assert (card.sha256 is None) == (name == "ncbi_taxdump")


def test_nouns_are_asked_for_at_the_official_place_first() -> None:
    kinds = [source.kind for source in cards.load("wordnet_nouns").sources]
    assert kinds == ["url", "npm"]


def test_extends_takes_the_source_but_not_the_counts() -> None:
    nouns, verbs = cards.load("wordnet_nouns"), cards.load("wordnet_verbs")
    assert verbs.sources == nouns.sources
    assert verbs.expected.multi_parent is None
    assert nouns.expected.multi_parent == 2_213


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(HardballError, match=r"no dataset 'nouns': there are .*wordnet_nouns"):
        cards.load("nouns")


def test_a_name_cannot_leave_the_folder() -> None:
    assert not cards.exists("../datasets/wordnet_nouns")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [", "is not YAML"),
        ("- a list", "must be a mapping"),
        ("title: x\nreader: {name: files}", "Field required"),
        ("extends: nothing", "extends 'nothing'"),
    ],
)
def test_a_broken_card_is_one_line(datasets: Path, text: str, message: str) -> None:
    (datasets / "mine.yaml").write_text(text)
    with pytest.raises(HardballError, match=message) as error:
        cards.load("mine")
    assert "\n" not in str(error.value)


def test_an_unknown_key_of_a_card_is_named(datasets: Path) -> None:
    (datasets / "mine.yaml").write_text(
        "title: t\nlicence: l\nnotice: n\ncitation: c\nreader: {name: files}\nspelling: x\n"
    )
    with pytest.raises(HardballError, match="spelling"):
        cards.load("mine")
