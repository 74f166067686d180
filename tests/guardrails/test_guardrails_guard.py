from __future__ import annotations

import gc
from itertools import pairwise
from pathlib import Path

import pytest

from deskhand_guardrails.detectors.recognisers import names
from deskhand_guardrails.errors import UnavailableError
from deskhand_guardrails.guard import MOST_WINDOWS, NARROW, WIDE, Guard

WITH = [
    ("Hi, Amara Osei here, any news about my lamp?", ["Amara Osei"]),
    ("my colleague priya raman told me something else", ["priya raman"]),
    ("I spoke to Tom on Friday and he promised a refund.", ["Tom"]),
    ("Please ship it to Lars Nilsson, 14 Harbour Street, Leeds LS1 4AP.", ["Lars Nilsson", "14 Harbour Street"]),
    ("The parcel was accepted by a neighbour called Okonkwo.", ["Okonkwo"]),
    # Rare names are read in pieces, of which only the first begins a name: the word counts as a whole.
    ("Is Rajesh in today? He promised to call.", ["Rajesh"]),
    ("Legal name of the owner: Kwame Boateng. Trading as Golden Stool.", ["Kwame Boateng"]),
    ("I spoke to Agnieszka and Zbigniew.", ["Agnieszka", "Zbigniew"]),
]

WITHOUT = [
    "Where is my parcel? The tracking page has not changed since Monday.",
    "Please mark it as paid and bill me later.",
    "My Bluetooth headphones do not pair with Windows.",
    "Hello <PERSON_1>, your order <ORDER_ID_1> is on its way.",
    "I will be there in May.",
    "thanks, that solved it!",
]


@pytest.mark.parametrize(("text", "wanted"), WITH)
def test_names_and_addresses_are_marked(text: str, wanted: list[str]) -> None:
    found = [text[span.start : span.end] for span in names.find(text)]
    assert all(any(value in one for one in found) for value in wanted), found


@pytest.mark.parametrize("text", WITHOUT)
def test_other_words_are_not(text: str) -> None:
    found = [text[span.start : span.end] for span in names.find(text) if "_" not in text[span.start : span.end]]
    assert found == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Please wait. We have asked John Miller about it. We will see.", ["John Miller"]),
        ("Please wait. John will call you tomorrow. We will see.", ["John"]),
        ("we asked our colleague priya raman. please wait.", ["priya raman"]),
        ("Please wait. If it is late, I will look into <ORDER_ID_1> myself. You need not write again.", []),
    ],
)
def test_names_of_a_text_read_by_sentence(text: str, wanted: list[str]) -> None:
    found = [text[span.start : span.end] for span in names.find_apart(text) if "_" not in text[span.start : span.end]]
    assert found == wanted


def test_windows_cover_a_long_text_and_overlap() -> None:
    text = "Where is my parcel? It should have been here on Monday. " * 60
    for size in (WIDE, NARROW):
        windows = Guard.shipped().windows(text, size)
        assert windows[0].start == 0
        assert windows[-1].end == len(text.rstrip())
        assert all(after.start < before.end for before, after in pairwise(windows))


def test_a_huge_text_is_read_at_both_ends() -> None:
    assert len(Guard.shipped().windows("parcel " * 20_000)) == MOST_WINDOWS
    assert not Guard.shipped().windows("")


def test_the_same_text_gives_the_same_reading() -> None:
    text = "Is Ada Lovelace your customer?"
    assert Guard.shipped().windows(text) == Guard.shipped().windows(text)


def test_no_text_is_kept() -> None:
    text = "-".join(["quokka", "parade", "1815"])
    Guard.shipped().windows(text)
    gc.collect()
    holders = [one for one in gc.get_referrers(text) if not hasattr(one, "f_code")]
    assert [type(one).__name__ for one in holders] == []


def test_a_missing_model_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="reinstall deskhand"):
        Guard(tmp_path)
