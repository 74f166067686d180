"""The shipped sample: it can be made again byte for byte, and what its answer key says is true."""

import gzip
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "integrations" / "deskhand" / "sample"
GENERATOR = ROOT / "scripts" / "sample" / "generate.py"
FILES = ("export/tickets.json.gz", "export/users.json.gz", "answer_key.json.gz", "personal_data.jsonl.gz")
TICKET_KEYS = """
    url id external_id via created_at updated_at type subject raw_subject description priority status recipient
    requester_id submitter_id assignee_id organization_id group_id collaborator_ids follower_ids email_cc_ids
    forum_topic_id problem_id has_incidents is_public due_at tags custom_fields satisfaction_rating fields
    sharing_agreement_ids followup_ids ticket_form_id brand_id allow_channelback metric_set comments
"""
COMMENT_KEYS = "id type author_id body html_body plain_body public attachments audit_id via metadata created_at"
Json = dict[str, Any]


def _generate(out: Path, *options: str) -> None:
    subprocess.run([sys.executable, str(GENERATOR), "--out", str(out), *options], check=True, capture_output=True)


def _lines(name: str) -> list[Json]:
    with gzip.open(SAMPLE / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def tickets() -> list[Json]:
    return _lines("export/tickets.json.gz")


@pytest.fixture(scope="module")
def key() -> Json:
    return _lines("answer_key.json.gz")[0]


@pytest.fixture(scope="module")
def kinds() -> dict[str, Json]:
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(GENERATOR.parent.glob("words/*.toml"))]
    return {name: entry for table in tables if "clarify" in table for name, entry in table.items() if name != "clarify"}


def _states(text: str, facts: list[list[str]]) -> bool:
    return all(any(spelling.lower() in text.lower() for spelling in fact) for fact in facts)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _generate(tmp_path / name, "--tickets", "120")
    _generate(tmp_path / "other", "--tickets", "120", "--seed", "7")
    for file in FILES:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert (tmp_path / "one" / FILES[0]).read_bytes() != (tmp_path / "other" / FILES[0]).read_bytes()


def test_the_shipped_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    _generate(tmp_path)
    for file in FILES:
        # Compared unpacked: the packed bytes may differ between builds of zlib.
        assert gzip.decompress((tmp_path / file).read_bytes()) == gzip.decompress((SAMPLE / file).read_bytes()), file


def test_counts(tickets: list[Json], key: Json) -> None:
    answered = key["tickets"].values()
    assert len(tickets) == 2400
    assert len(key["kinds"]) == 45
    assert len(answered) > 2100
    assert min(Counter(row["kind"] for row in answered).values()) >= 30
    languages = Counter(row["language"] for row in answered)
    assert all(0.03 < languages[language] / len(tickets) < 0.05 for language in ("de", "es"))
    requesters = Counter(ticket["requester_id"] for ticket in tickets)
    assert 1200 < len(requesters) < 1400
    statuses = {ticket["status"] for ticket in tickets}
    assert statuses == {"solved", "closed", "open", "new", "pending", "hold", "deleted"}
    assert (SAMPLE / FILES[0]).stat().st_size < 1_500_000


def test_a_split_by_time_has_every_kind_on_both_sides(tickets: list[Json], key: Json) -> None:
    kinds = [key["tickets"][str(ticket["id"])]["kind"] for ticket in tickets if str(ticket["id"]) in key["tickets"]]
    cut = len(kinds) * 9 // 10
    assert set(kinds[:cut]) == set(kinds[cut:]) == set(key["kinds"])


def test_tickets_have_the_shape_of_the_export(tickets: list[Json]) -> None:
    users = {user["id"]: user["role"] for user in _lines("export/users.json.gz")}
    assert [ticket["id"] for ticket in tickets] == sorted({ticket["id"] for ticket in tickets})
    comment_ids: list[int] = []
    for ticket in tickets:
        assert set(TICKET_KEYS.split()) <= ticket.keys()
        assert users[ticket["requester_id"]] == "end-user"
        times = [comment["created_at"] for comment in ticket["comments"]]
        assert times == sorted(times)
        for comment in ticket["comments"]:
            assert comment.keys() == set(COMMENT_KEYS.split())
            assert comment["author_id"] in users
            assert comment["html_body"].startswith('<div class="zd-comment" dir="auto">')
            comment_ids.append(comment["id"])
    assert len(comment_ids) == len(set(comment_ids))


def test_every_answer_states_its_facts(tickets: list[Json], key: Json) -> None:
    bodies = {(str(row["id"]), comment["created_at"]): comment for row in tickets for comment in row["comments"]}
    for ticket_id, row in key["tickets"].items():
        comment = bodies[ticket_id, row["answered_at"]]
        assert comment["public"]
        assert _states(comment["body"], key["kinds"][row["kind"]]["facts"]), (ticket_id, row["kind"])


def test_references_are_whole_short_and_state_the_facts(key: Json) -> None:
    for name, kind in key["kinds"].items():
        assert 3 <= len(kind["references"]) <= 6
        assert 1 <= len(kind["facts"]) <= 3
        for reference in kind["references"]:
            assert _states(reference, kind["facts"]), (name, reference)
            assert not re.search(r"[\[\]{}|]", reference), (name, reference)
            assert 20 <= len(reference.split()) <= 60, (name, len(reference.split()), reference)


def test_no_kind_is_answered_by_the_answers_of_another(key: Json) -> None:
    for name, kind in key["kinds"].items():
        for other, entry in key["kinds"].items():
            if name != other:
                assert not any(_states(reference, kind["facts"]) for reference in entry["references"]), (name, other)


def test_no_pattern_is_left_unfilled(tickets: list[Json]) -> None:
    for ticket in tickets:
        for comment in ticket["comments"]:
            assert not re.search(r"[{}|\0]", comment["body"]), (ticket["id"], comment["body"])


def test_every_planted_value_stands_where_it_is_said_to(tickets: list[Json]) -> None:
    planted = _lines("personal_data.jsonl.gz")
    texts: dict[tuple[int, int | None], str] = {(ticket["id"], None): ticket["subject"] for ticket in tickets}
    texts |= {(ticket["id"], comment["id"]): comment["body"] for ticket in tickets for comment in ticket["comments"]}
    for line in planted:
        assert line["value"] in texts[line["ticket_id"], line["comment_id"]], line
    expected = {
        "PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS",
        "STREET_ADDRESS", "ORDER_ID", "TRACKING_NUMBER", "PASSWORD", "API_KEY", "DATE_OF_BIRTH",
    }  # fmt: skip
    assert {line["kind"] for line in planted} == expected
    assert min(Counter(line["kind"] for line in planted).values()) >= 20


def test_planted_cards_and_accounts_pass_their_checksums() -> None:
    for line in _lines("personal_data.jsonl.gz"):
        if line["kind"] == "CREDIT_CARD":
            numbers = [int(char) for char in reversed(line["value"]) if char.isdigit()]
            assert sum(numbers[::2]) % 10 == -sum(sum(divmod(2 * number, 10)) for number in numbers[1::2]) % 10
        if line["kind"] == "IBAN_CODE":
            compact = line["value"].replace(" ", "")
            assert int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def test_thirty_articles_agree_with_the_answers(kinds: dict[str, Json]) -> None:
    articles = {path.stem: path.read_text(encoding="utf-8") for path in (SAMPLE / "articles").glob("*.md")}
    assert len(articles) == 30
    assert articles.keys() == {kind["article"] for kind in kinds.values()}
    for name, text in articles.items():
        assert text.startswith("# "), name
        assert 100 <= len(text.split()) <= 250, name
    for name, kind in kinds.items():
        assert _states(articles[kind["article"]], kind["facts"]), name
