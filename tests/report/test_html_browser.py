"""The page in a real browser: from a file, without any network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codeops.report import html
from report.samples import SAMPLES

pytestmark = pytest.mark.peer
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if not CHROMIUM.exists():
        pytest.skip(f"Chromium is not installed: {CHROMIUM} is missing (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path: Path):
    """Opens a sample; at the end nothing but the file was asked for and the console is silent."""
    complaints: list[str] = []
    contexts = []

    def start(name: str, **options: object):
        path = tmp_path / f"{name}.html"
        path.write_text(html.render(SAMPLES[name]), encoding="utf-8")
        context = browser.new_context(**options)
        contexts.append(context)

        def only_files(route) -> None:
            if route.request.url.startswith("file:"):
                route.continue_()
            else:
                complaints.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", only_files)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(path.as_uri())
        return page

    yield start

    for context in contexts:
        context.close()
    assert not complaints


def names(page) -> list[str]:
    return [name.strip() for name in page.locator("table.routes tbody tr:visible th code").all_inner_texts()]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_opens_without_a_complaint(opened, name: str) -> None:
    assert opened(name).title().startswith("CodeOps · ")


def test_hostile_names_are_only_text(opened) -> None:
    page = opened("adversarial")

    assert page.locator("img, iframe, a, form, base").count() == 0
    assert page.locator("script").count() == 1
    assert "3 <script>alert(1)</script>" in names(page)


def test_a_click_sorts_and_what_is_not_known_stays_last(opened) -> None:
    page = opened("unpriced")
    money = page.get_by_role("button", name="Current (€/1k)")

    money.click()
    assert names(page) == ["/v1/chat", "/v1/static", "/v1/embed", "/v1/old", "/v1/lost"]
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"

    money.click()
    assert names(page) == ["/v1/embed", "/v1/static", "/v1/chat", "/v1/old", "/v1/lost"]

    page.get_by_role("button", name="Route").press("Enter")
    assert names(page) == ["/v1/chat", "/v1/embed", "/v1/lost", "/v1/old", "/v1/static"]
    assert page.locator("th[aria-sort]").count() == 1
    assert page.locator("table.routes caption").inner_text() == "By Route, ascending."


def test_the_filter_counts_what_is_left(opened) -> None:
    page = opened("many")

    page.get_by_label("Filter routes and notes").fill("resource-01 items")
    assert names(page) == [f"/v1/resource-01{digit}/items/{{id}}" for digit in range(10)]
    assert page.get_by_role("status").inner_text() == "10 of 48 shown"

    page.get_by_label("Filter routes and notes").fill("")
    page.get_by_label("Verdict", exact=True).select_option("fail")
    assert names(page) == ["/v1/quiet"]


def test_the_page_reads_without_javascript(opened) -> None:
    page = opened("fail", java_script_enabled=False)

    assert names(page) == ["/v1/report", "/v1/ingest"]
    assert page.locator("input, button").count() == 0
    assert page.get_by_text("fetch the objects once and keep them").first.is_visible()


@pytest.mark.parametrize("name", ["adversarial", "fail", "job", "unpriced"])
def test_nothing_is_wider_than_the_screen(opened, name: str) -> None:
    page = opened(name)

    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(opened, scheme: str) -> None:
    page = opened("fail", color_scheme=scheme)

    ratios = page.evaluate("""() => {
      const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const colour = getComputedStyle(at).backgroundColor;
          if (!colour.endsWith(", 0)")) return colour;
        }
        return "rgb(255, 255, 255)";
      };
      const words = Array.from(document.querySelectorAll("body *")).filter((e) => !["SCRIPT", "OPTION"].includes(e.tagName) && !e.closest("svg")
        && Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim()));
      return words.map((e) => {
        const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
        return [(a + 0.05) / (b + 0.05), e.textContent.trim().slice(0, 30)];
      });
    }""")

    assert ratios
    assert not [pair for pair in ratios if pair[0] < 4.5]  # WCAG 2.2, level AA
