"""The site as a browser sees it: nothing is fetched, nothing fails, tables and the disk answer."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hardball.data import store
from hardball.hierarchy import drawing
from hardball.metrics import polar
from hardball.report.site import disk, plane

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000")
DATASET = "wordnet_mammals"
# Relative error of a distance in the view: float64, of figures that lie in float32.
CLOSE = 1e-9


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with chromedriver here: apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield running
    running.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk as a page with everything in it."""
    tree = store.open_hierarchy(DATASET)
    points = drawing.sectors(tree, np.zeros((tree.n_nodes, 2)))
    made = disk.disk(tree, polar.to_polar(points, "tangent"))
    return disk.write(made, tmp_path_factory.mktemp("disk") / "disk.html")


def visit(browser: Any, path: Path, place: str = "") -> list[str]:
    """Opens a page; what its console says, and every address that it asked for, if not a file."""
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri() + place)
    said = [entry["message"] for entry in browser.get_log("browser")]
    for entry in browser.get_log("performance"):
        event = json.loads(entry["message"])["message"]
        if event["method"] == "Network.requestWillBeSent":
            url = event["params"]["request"]["url"]
            if not url.startswith(("file:", "data:")):
                said.append(f"asked for {url}")
    return said


def until(true: Callable[[], Any]) -> Any:
    """What a condition gives once it holds, within five seconds."""
    end = time.monotonic() + 5
    while not (found := true()):
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)
    return found


def test_no_page_asks_for_anything_or_fails(browser: Any, site: Path, page: Path) -> None:
    for path in (*sorted(site.rglob("*.html")), page):
        assert visit(browser, path) == [], path.name


def test_no_page_is_wider_than_a_phone(browser: Any, site: Path, page: Path) -> None:
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        for path in (*sorted(site.rglob("*.html")), page):
            visit(browser, path)
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            assert wide <= 390, path.name
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


SHOWN = "return [...document.querySelectorAll('#task-temporal tbody tr')].filter(r => !r.hidden)"


def cells(browser: Any, place: int) -> list[str]:
    return list(
        browser.execute_script(
            f"{SHOWN}.map(r => r.cells[{place}].dataset.k ?? r.cells[{place}].textContent.trim())"
        )
    )


def test_a_table_sorts_by_a_column_both_ways(browser: Any, site: Path) -> None:
    visit(browser, site / "index.html")
    heads = browser.find_elements("css selector", "#task-temporal thead button")
    assert [head.text for head in heads[2:4]] == ["direct-edge MAP ↑", "direct-edge mean rank ↓"]
    for place, better in ((2, True), (3, False)):
        browser.execute_script("arguments[0].click()", heads[place])
        once = [float(value) for value in cells(browser, place)]
        assert once == sorted(once, reverse=better)
        browser.execute_script("arguments[0].click()", heads[place])
        assert [float(value) for value in cells(browser, place)] == once[::-1]
    browser.execute_script("arguments[0].click()", heads[0])
    assert cells(browser, 0)[0].startswith("closure rule")


def test_a_table_filters_by_words_and_by_a_column(browser: Any, site: Path) -> None:
    visit(browser, site / "index.html")
    filters = browser.find_element("css selector", "#task-temporal .filters")
    filters.find_element("css selector", "input").send_keys("pool in_batch")
    assert until(lambda: len(cells(browser, 0)) == 2)
    assert set(cells(browser, 1)) == {"ncbi_mammalia", "ncbi_primates"}
    filters.find_element("css selector", "option:last-child").click()
    assert until(lambda: cells(browser, 1) == ["ncbi_primates"])
    assert filters.find_element("css selector", "output").text.startswith("1 of ")


def test_a_row_leads_to_its_command_opened(browser: Any, site: Path) -> None:
    visit(browser, site / "index.html")
    address = browser.execute_script("return document.querySelector('#task-temporal tbody a').href")
    browser.get(address)
    command = browser.find_element("css selector", "details[open] pre")
    assert command.is_displayed()
    assert address.partition("#")[2] in command.text


def test_search_finds_a_node_and_moves_it_to_the_centre(browser: Any, page: Path) -> None:
    visit(browser, page)
    search = browser.find_element("css selector", ".search input")
    search.send_keys("terri")
    first = browser.find_element("css selector", ".search li[aria-selected=true]")
    assert first.text.startswith("terrier in ")
    search.send_keys("\ue007")  # Enter
    until(
        lambda: browser.execute_script(
            "const d = hardballDisk.shown;"
            "return d.chosen >= 0 && !d.animation && d.polar(d.chosen)[0] < 1e-6"
        )
    )
    assert browser.find_element("css selector", ".about h2").text == "terrier"
    search.clear()
    search.send_keys("no such animal")
    assert browser.find_element("css selector", ".search li").text == "no such node"


def test_recentring_keeps_hyperbolic_distances(browser: Any, page: Path) -> None:
    """Of pairs of nodes, before and after two moves and a drag, beside distances by NumPy."""
    visit(browser, page)
    ask = """
      const d = hardballDisk.shown, { distance } = hardballDisk, n = d.points.count, found = [];
      for (let k = 0; k < 200; k++)
        found.push(distance(d.polar((k * 37) % n), d.polar((k * 101 + 5) % n)));
      return found;
    """
    before = np.array(browser.execute_script(ask))
    for node in (600, 17):
        moved = (
            "const done = arguments[1]; hardballDisk.shown.recentre(arguments[0], false).then(done)"
        )
        browser.execute_async_script(moved, node)
        assert (
            browser.execute_script("return hardballDisk.shown.polar(arguments[0])[0]", node) < 1e-6
        )
        np.testing.assert_allclose(browser.execute_script(ask), before, rtol=CLOSE, atol=1e-7)
    browser.execute_script("hardballDisk.shown.pan(0.1, 0.2, -0.5, 0.3)")
    np.testing.assert_allclose(browser.execute_script(ask), before, rtol=CLOSE, atol=1e-7)

    points = browser.execute_script(
        "const p = hardballDisk.shown.points; return [[...p.radius], [...p.angle]]"
    )
    radius, angle = np.array(points)
    n = len(radius)
    one, two = (np.arange(200) * 37) % n, (np.arange(200) * 101 + 5) % n
    # sinh^2(d/2) = sinh^2((r-s)/2) + sinh r sinh s sin^2(gap/2)
    key = (
        np.sinh((radius[one] - radius[two]) / 2) ** 2
        + np.sinh(radius[one]) * np.sinh(radius[two]) * np.sin((angle[one] - angle[two]) / 2) ** 2
    )
    np.testing.assert_allclose(before, 2 * np.arcsinh(np.sqrt(key)), rtol=1e-12, atol=1e-12)


def test_hover_names_a_node_and_zoom_enlarges(browser: Any, page: Path) -> None:
    actions = pytest.importorskip("selenium.webdriver").ActionChains
    visit(browser, page)
    stage = browser.find_element("css selector", ".stage")
    place = """
      const d = hardballDisk.shown, p = d.painter, box = d.stage.getBoundingClientRect();
      return [p.px(1) / p.ratio - box.width / 2, p.py(1) / p.ratio - box.height / 2];
    """
    x, y = browser.execute_script(place)
    actions(browser).move_to_element_with_offset(stage, round(x), round(y)).perform()
    name = until(lambda: browser.find_element("css selector", ".tip b").text)
    assert name == store.open_hierarchy(DATASET).names[1]
    before = browser.execute_script("return hardballDisk.shown.painter.scale")
    actions(browser).scroll_from_origin(_origin(stage), 0, -400).perform()
    assert until(lambda: browser.execute_script("return hardballDisk.shown.painter.scale") > before)


def _origin(stage: Any) -> Any:
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    return ScrollOrigin.from_element(stage)


def test_nodes_that_hydra_does_not_draw_keep_their_radius() -> None:
    """Beyond the limit a node lies at its own radius, scaled, whatever its direction."""
    tree = store.open_hierarchy(DATASET)
    points = np.random.default_rng(4).normal(0, 1, (tree.n_nodes, 4))
    found = polar.to_polar(points, "tangent")
    drawn = plane.drawn(tree, found, limit=100)
    first = np.lexsort((np.arange(tree.n_nodes), tree.depth, tree.first - tree.last))[:100]
    rest = np.setdiff1d(np.arange(tree.n_nodes), first)
    ratio = drawn.radius[rest] / found.radius[rest]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    assert "100 nodes" in drawn.said
