import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.report._plain import clean, clip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  outer  ", "outer"),
        ("a\r\n\n b", "a b"),  # a line stays a line
        ("a\tb\x0bc\x0cd", "a b c d"),
        ("a\u2028b\u2029c\x85d", "a b c d"),  # line breaks that are not \n
        ("\x1b[31mred", "\\u001b[31mred"),  # a terminal must not obey
        ("\x07\x00\x7f", "\\u0007\\u0000\\u007f"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),  # reads as exe.txt otherwise
        ("\u200bhidden\ufeff", "\\u200bhidden\\ufeff"),
        ("\ud800", "\\ud800"),  # no file can hold it
        ("\uffff", "\\uffff"),  # no XML can hold it
        ("\U000e0041", "\\U000e0041"),  # a tag that nobody sees
        ("naïve 健康 ✓ 👩\u200d🚀", "naïve 健康 ✓ 👩\u200d🚀"),  # people's writing stays
    ],
)
def test_each_character_is_read_or_told(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters()) | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Lu"])))
def test_clean_text_is_one_line_and_stays_clean(text: str) -> None:
    once = clean(text)

    assert clean(once) == once
    assert len(once.splitlines()) <= 1
    once.encode()


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("ab cd", 4, "ab…"), ("", 1, "")],
)
def test_what_is_cut_says_so(text: str, limit: int, shown: str) -> None:
    assert clip(text, limit) == shown
