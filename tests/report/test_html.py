import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeops.core.report import Report, Verdict
from codeops.report import html
from report.samples import ADVERSARIAL, ATTACKS, FAIL, FIRST_RUN, SAMPLES, UNPRICED, report, route

VOID = {"meta", "link", "br"}
ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "body",
        "script",
        "header",
        "main",
        "section",
        "article",
        "footer",
        "div",
        "p",
        "span",
    ),
    *(
        "h1",
        "h2",
        "h3",
        "dl",
        "dt",
        "dd",
        "ul",
        "li",
        "figure",
        "figcaption",
        "details",
        "summary",
        "code",
        "pre",
        "b",
        "br",
        "svg",
        "rect",
        "line",
    ),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """The elements of a page, and that each is closed where it must be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment came through: {data}")


def assert_only_ours(page: Page) -> None:
    assert {tag for tag, _ in page.elements} <= ALLOWED
    for tag, attributes in page.elements:
        assert not {name for name in attributes if name.startswith("on") or name in {"style", "src", "action", "srcset"}}, tag
        assert attributes.get("href", "data:,") == "data:,"
    assert [tag for tag, _ in page.elements].count("script") == 1


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_well_formed_and_asks_for_nothing(name: str) -> None:
    text = html.render(SAMPLES[name])

    assert_only_ours(Page(text))
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|eval\(|innerHTML", text)


@settings(max_examples=40)
@given(st.text(max_size=30) | st.sampled_from(ATTACKS))
def test_no_text_becomes_markup(text: str) -> None:
    one = route(text, "1", "2", verdict=Verdict.FAIL, notes=(text,), unit=text)

    assert_only_ours(Page(html.render(report(summary=text, currency=text, routes=(one,)))))


def test_the_check_itself_sees_an_unescaped_name() -> None:
    page = html.render(ADVERSARIAL).replace("&lt;img src=x onerror=alert(1)&gt;", "<img src=x onerror=alert(1)>", 1)

    with pytest.raises(AssertionError):
        assert_only_ours(Page(page))


def test_the_policy_allows_our_style_and_script_by_digest_and_nothing_else() -> None:
    text = html.render(FAIL)

    policy = next(attributes["content"] for tag, attributes in Page(text).elements if attributes.get("http-equiv")) or ""
    for name in ("style", "script"):
        content = re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
        assert content
        assert f"{name}-src 'sha256-{b64encode(sha256(content[1].encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("one", "tiles"),
    [
        (FAIL, ["+$272.00", "2", "+54.8 %", "complete"]),
        (FIRST_RUN, ["$496.00", "1", "not known", "complete"]),
        (UNPRICED, ["-€496.00", "5", "not known", "2 missing"]),
        (report(), ["not known", "0", "not known", "complete"]),
    ],
)
def test_the_tiles_say_only_what_is_known(one: Report, tiles: list[str]) -> None:
    assert re.findall(r"<dd><b>(.*?)</b>", html.render(one)) == tiles


def test_a_cell_without_a_figure_has_nothing_to_sort_by() -> None:
    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*/v1/lost.*?</tr>", html.render(UNPRICED), re.DOTALL)

    assert row
    assert row[0].count("data-value") == 1


def test_a_report_without_routes_is_a_page_without_a_table() -> None:
    assert '<table class="routes">' not in html.render(report())


def test_every_table_and_picture_has_a_name() -> None:
    page = Page(html.render(FAIL))

    assert all(attributes.get("aria-label") or attributes.get("aria-hidden") for tag, attributes in page.elements if tag == "svg")
    assert all(attributes.get("scope") for tag, attributes in page.elements if tag == "th")
    assert [tag for tag, _ in page.elements].count("caption") == 1
    assert ("html", {"lang": "en"}) in page.elements
