"""Short paths: the same places, written as steps."""

import re

import pytest

from hardball.report.slim_svg import light, path


@pytest.mark.parametrize(
    ("given", "short"),
    [
        ("M 10.04 20.06 L 13.0 19.5", "M10 20.1l3-.6"),
        ("M 0 0 L 1 2 L 3 4 z M 5 5 L 6 6", "M0 0l1 2l2 2zm5 5l1 1"),
        ("M 0.4 0 C 0.5 1 1.25 -2 3 3", "M.4 0c.1 1 .8-2 2.6 3"),
        # A dot, and a line that is as short but not level.
        ("M 4 5 L 4.0001 5 M 6 6 L 6.1 6.2", "M4 5h0m2 1l.1.2"),
    ],
)
def test_steps_lead_to_the_rounded_places(given: str, short: str) -> None:
    assert path(given) == short.replace(".1.2", ".1 .2")


def test_errors_do_not_add_up() -> None:
    """A thousand steps of .04: the last place is .04 * 1000, not 0."""
    given = "M 0 0 " + " ".join(f"L {0.04 * k} {0.04 * k}" for k in range(1, 1001))
    steps = [float(step) for step in re.findall(r"l([\d.]+)", path(given))]
    assert sum(steps) == pytest.approx(40, abs=0.05)


def test_comments_and_indents_go_and_shifts_are_short() -> None:
    given = '<g>\n  <!-- a -->\n  <use transform="translate(1.2345 -0.5)"/>\n</g>'
    assert light(given) == '<g>\n\n<use transform="translate(1.2 -0.5)"/>\n</g>'
