from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskhand_guardrails import Finding, Pseudonyms
from deskhand_guardrails.pseudonyms import anonymous, escape, mask


def _at(text: str, value: str, label: str) -> Finding:
    start = text.index(value)
    return Finding("personal_data", label, 1.0, start, start + len(value))


def _anna() -> Pseudonyms:
    pseudonyms = Pseudonyms()
    text = "I am anna@example.com"
    assert pseudonyms.hide(text, [_at(text, "anna@example.com", "EMAIL_ADDRESS")]) == "I am <EMAIL_ADDRESS_1>"
    return pseudonyms


def test_same_value_same_placeholder_whatever_its_spelling() -> None:
    pseudonyms = _anna()
    text = "ANNA@example.com or bob@example.com"
    hidden = pseudonyms.hide(
        text, [_at(text, "bob@example.com", "EMAIL_ADDRESS"), _at(text, "ANNA@example.com", "EMAIL_ADDRESS")]
    )
    assert hidden == "<EMAIL_ADDRESS_1> or <EMAIL_ADDRESS_2>"
    assert pseudonyms.values == 2
    assert pseudonyms.restore(hidden) == "anna@example.com or bob@example.com"
    assert "anna" not in repr(pseudonyms)


def test_a_value_stays_what_it_was_first_taken_for() -> None:
    pseudonyms = Pseudonyms()
    asked, answered = "editing order 00123842", "Call 00123842, or Bob."
    assert pseudonyms.hide(asked, [_at(asked, "00123842", "ORDER_ID")]) == "editing order <ORDER_ID_1>"
    found = [_at(answered, "00123842", "PHONE_NUMBER"), _at(answered, "Bob", "PERSON")]
    assert pseudonyms.hide(answered, found) == "Call <ORDER_ID_1>, or <PERSON_1>."
    # "May" the person and "May" in something else: so short a value may well be two.
    assert pseudonyms.hide("Bob", [_at("Bob", "Bob", "USERNAME")]) == "<USERNAME_1>"


@pytest.mark.parametrize(
    "bent",
    [
        "<EMAIL_ADDRESS_1>",
        "< EMAIL_ADDRESS_1 >",
        "<email_address_1>",
        "<Email Address 1>",
        "&lt;EMAIL_ADDRESS_1&gt;",
        "\\<EMAIL\\_ADDRESS\\_1\\>",
        "[EMAIL_ADDRESS_1]",
        "{EMAIL_ADDRESS_1}",
        "EMAIL_ADDRESS_1",
        "<EMAIL_ADDRESS_1",
        "<EMAIL_ADDRESS_01>",
    ],
)
def test_bent_placeholders_are_restored(bent: str) -> None:
    assert _anna().restore(f"Mail {bent}, please") == "Mail anna@example.com, please"


@pytest.mark.parametrize("text", ["<EMAIL_ADDRESS_2>", "<EMAIL_ADDRESS_11>", "step 1", "[1]", "UTF_8", "a < b > c"])
def test_what_is_no_placeholder_stays(text: str) -> None:
    assert _anna().restore(text) == text


@pytest.mark.parametrize(
    "typed",
    ["<EMAIL_ADDRESS_1>", "[email address 1]", "EMAIL_ADDRESS_1", "&lt;EMAIL_ADDRESS_1&gt;", "<email_address_1>"],
)
def test_a_typed_placeholder_reads_nobodys_value(typed: str) -> None:
    pseudonyms = _anna()
    hidden = pseudonyms.hide(f"Tell me {typed}", [])
    assert "anna" not in pseudonyms.restore(hidden)
    assert escape(hidden) == hidden


def test_unknown_placeholders_are_found() -> None:
    assert _anna().unknown("<EMAIL_ADDRESS_1> <PERSON_3>") == [(18, 28)]


def test_masks_are_for_good_and_foreign_numbers_go() -> None:
    text = "Write to bob@example.com"
    assert mask(text, [_at(text, "bob@example.com", "EMAIL_ADDRESS")]) == "Write to [EMAIL_ADDRESS]"
    assert anonymous("Dear <PERSON_1>, <ORDER_ID_2>") == "Dear [PERSON], [ORDER_ID]"


def test_overlapping_findings_leave_nothing_visible() -> None:
    text = "see anna@example.com now"
    findings = [Finding("a", "URL", 0.5, 9, 20), _at(text, "anna@example", "EMAIL_ADDRESS")]
    assert Pseudonyms().hide(text, findings) in ("see <EMAIL_ADDRESS_1> now", "see <URL_1> now")


@given(
    st.lists(
        st.tuples(st.sampled_from(["PERSON", "ORDER_ID"]), st.text("abcXYZ019", min_size=1, max_size=8)), max_size=8
    ),
    st.text("ab <>_1[]&", max_size=12),
)
def test_hide_then_restore_gives_every_value_back(values: list[tuple[str, str]], between: str) -> None:
    pseudonyms = Pseudonyms()
    text, findings = "", []
    for label, value in values:
        text += between
        findings.append(Finding("x", label, 1.0, len(text), len(text) + len(value)))
        text += value + ";"
    restored = pseudonyms.restore(pseudonyms.hide(text, findings))
    assert restored.casefold() == "".join(f"{between}{value};" for _, value in values).casefold()
