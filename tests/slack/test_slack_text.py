"""Slack's markup, Markdown, and the limits between them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskhand.slack.text import defuse, split, to_mrkdwn, to_plain, whole_words

PLAIN = [
    ("<@U0BOT> where is it?", "where is it?"),
    ("where <@U0BOT> is it?", "where is it?"),
    ("ask <@U123|anna>", "ask @anna"),
    ("ask <@U123>", "ask @someone"),
    ("see <#C123|help>", "see #help"),
    ("see <#C123>", "see #channel"),
    ("<!here> listen", "@here listen"),
    ("<!subteam^S1|@support> listen", "@support listen"),
    ("due <!date^1700000000^{date}|14 Nov>", "due 14 Nov"),
    ("<https://a.example/x>", "https://a.example/x"),
    ("<https://a.example/x|the shop>", "the shop (https://a.example/x)"),
    ("<mailto:jo@a.example|jo@a.example>", "jo@a.example"),
    ("<mailto:jo@a.example|Jo>", "Jo (jo@a.example)"),
    ("<tel:+49301|+49301>", "+49301"),
    ("a &lt;b&gt; &amp;lt; c", "a <b> &lt; c"),
    ("  two   words \n next ", "two words\nnext"),
    ("", ""),
]

MRKDWN = [
    ("**bold** and *italic*", "*bold* and _italic_"),
    ("__bold__ ~~gone~~", "*bold* ~gone~"),
    ("# Title #", "*Title*"),
    ("- one\n* two", "• one\n• two"),
    ("[shop](https://a.example/x)", "<https://a.example/x|shop>"),
    ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
    ("`**not bold** <x>`", "`**not bold** &lt;x&gt;`"),
    ("2 * 3 * 4", "2 * 3 * 4"),
]


@pytest.mark.parametrize(("slack", "plain"), PLAIN)
def test_markup_becomes_plain_text(slack: str, plain: str) -> None:
    assert to_plain(slack, bot_user="U0BOT") == plain


@pytest.mark.parametrize(("markdown", "mrkdwn"), MRKDWN)
def test_markdown_becomes_mrkdwn(markdown: str, mrkdwn: str) -> None:
    assert to_mrkdwn(markdown) == mrkdwn


def test_the_tables_are_read() -> None:
    assert (len(PLAIN), len(MRKDWN)) == (17, 8)


def test_mentions_are_made_harmless_and_addresses_are_not_touched() -> None:
    assert "<!" not in defuse("<!channel>")
    assert "@channel" not in defuse("ask @channel")
    assert defuse("write to jo@a.example or a <b>") == "write to jo@a.example or a <b>"


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=" \nabc<!@#", max_size=300), st.integers(min_value=5, max_value=50))
def test_parts_are_short_enough_and_lose_nothing(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert "".join(parts) == text
    assert all(len(part) <= limit for part in parts)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=" \nab<!@#", max_size=120), st.integers(min_value=0, max_value=120))
def test_what_was_shown_of_a_growing_text_stays_true(text: str, at: int) -> None:
    early = defuse(text[:at][: whole_words(text[:at])])
    assert defuse(text).startswith(early)
