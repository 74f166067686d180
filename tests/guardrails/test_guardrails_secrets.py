from __future__ import annotations

import pytest

from deskhand_guardrails import Context
from deskhand_guardrails.detectors.recognisers.keys import entropy
from deskhand_guardrails.detectors.secrets import Secrets

# Put together here, so that scanners of this repository find no key in it.
KEYS = [
    "sk-" + "proj-" + "abcdEFGH1234abcdEFGH1234",
    "sk_" + "live_" + "abcdEFGH1234abcdEFGH",
    "gh" + "p_" + "abcdEFGH1234abcdEFGH1234abcdEFGH1234",
    "xox" + "b-" + "123456789012-abcdEFGH",
    "AK" + "IA" + "ABCDEFGHIJKLMNOP",
    "AI" + "za" + "abcdEFGH1234abcdEFGH1234abcdEFGH123",
    "gl" + "pat-" + "abcdEFGH1234abcdEFGH",
    "hf" + "_" + "abcdEFGHijklmnopqrstuvwxyzABCDEFGH",
    "ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "fh" + "_live_" + "0b1e5f9c3d7a4e2f8c6b1a9d0e3f5c7b",
    "Zm9v" + "YmFyMTIzNDU2Nzg5MGFiY2RlZg8Kx",
]

PASSWORDS = [
    ("password: hunter2", "hunter2"),
    ("my password is Walnut1234!", "Walnut1234!"),
    ("pwd=otter_42", "otter_42"),
    ("The pwd is S3cret#1, thanks", "S3cret#1"),
    ('passwort: "geheim"', "geheim"),
    ("PIN: 4821", "4821"),
    ("cvv 123 is wrong, CVV: 123", "123"),
    ("my password was Pebble#1987 before", "Pebble#1987"),
    ("contraseña: sol2024", "sol2024"),
    ("postgres://desk:tr0ub4dor@db.example/x", "tr0ub4dor"),
    ("one-time code: 993812", "993812"),
]

HARMLESS = [
    "My password is not working.",
    "The password is incorrect, please reset my password.",
    "I forgot my password and what can I do?",
    "password: ********",
    "Your password must be at least 8 characters long.",
    "The pin is missing from the lamp's hinge.",
    "Send the token to me? I have no token.",
    "https://shop.example/help/how-to-reset-your-password-in-three-steps",
    "counterrevolutionaries-and-internationalisation",
    "The file lamp_manual_english_version_2.pdf is broken",
    "Please visit our returns-and-exchanges-department-2024 page",
]


def test_tables_are_whole() -> None:
    assert (len(KEYS), len(PASSWORDS), len(HARMLESS)) == (11, 11, 11)


@pytest.mark.parametrize("key", KEYS, ids=[key[:8] for key in KEYS])
def test_keys(key: str) -> None:
    text = f"here is {key} for you"
    (finding,) = Secrets().detect(text, Context())
    assert (finding.label, text[finding.start : finding.end]) == ("API_KEY", key)


def test_private_key_goes_whole() -> None:
    key = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc+/=\n-----END RSA " + "PRIVATE KEY-----"
    text = f"my key:\n{key}\nthanks"
    (finding,) = Secrets().detect(text, Context())
    assert text[finding.start : finding.end] == key


@pytest.mark.parametrize(("text", "password"), PASSWORDS)
def test_passwords(text: str, password: str) -> None:
    found = [text[one.start : one.end] for one in Secrets().detect(text, Context()) if one.label == "PASSWORD"]
    assert found == [password]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless(text: str) -> None:
    assert Secrets().detect(text, Context()) == []


def test_entropy_of_equal_shares() -> None:
    assert entropy("abcd") == 2.0
