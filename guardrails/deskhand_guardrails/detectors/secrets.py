# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Secrets: keys of well-known vendors, private keys, tokens, passwords that somebody typed, random-looking strings.

Labels are API_KEY and PASSWORD. The vendors' forms are those they document (and GitHub's secret scanning lists). Not
covered: a password without a word that says so, and secrets in pictures.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from deskhand_guardrails.detectors.settings import Action, DetectorSettings
from deskhand_guardrails.detectors.spans import Span, matches, merged
from deskhand_guardrails.normalise import plain
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

_VENDORS = re.compile(
    r"""
    (?<![A-Za-z0-9])(?:
      sk-(?:proj-|ant-|or-|live-|test-|svcacct-)?[A-Za-z0-9_\-]{20,}    # OpenAI, Anthropic, OpenRouter
    | (?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,}                       # Stripe
    | whsec_[A-Za-z0-9+/=]{24,}
    | gh[pousr]_[A-Za-z0-9]{30,} | github_pat_[A-Za-z0-9_]{40,}
    | glpat-[A-Za-z0-9_\-]{20,}
    | xox[abeoprs]-[A-Za-z0-9\-]{10,} | xapp-\d-[A-Za-z0-9\-]{10,}
    | hooks\.slack\.com/services/[A-Za-z0-9/]{20,}
    | (?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}
    | AIza[A-Za-z0-9_\-]{35} | ya29\.[A-Za-z0-9_\-]{20,}
    | hf_[A-Za-z0-9]{30,} | npm_[A-Za-z0-9]{36} | pypi-[A-Za-z0-9_\-]{40,}
    | SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{30,}                      # SendGrid
    | shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}                                # Shopify
    | dop_v1_[a-f0-9]{64} | nvapi-[A-Za-z0-9_\-]{30,} | EAACEdEose0cBA[A-Za-z0-9]+
    | key-[a-f0-9]{32} | AC[a-f0-9]{32} | SK[a-f0-9]{32}                # Mailgun, Twilio
    | sq0(?:atp|csp)-[A-Za-z0-9_\-]{22,}
    | \d{8,10}:AA[A-Za-z0-9_\-]{33}                                     # Telegram
    )
    """,
    re.VERBOSE,
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,8000}?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|[\sA-Za-z0-9+/=:,\-]{0,8000})"
)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)?")
_BEARER = re.compile(r"\b(?i:bearer|authorization:\s*(?:basic|token))\s+(?P<value>[A-Za-z0-9_\-.=+/]{16,})")
_URL_LOGIN = re.compile(r"\b[a-z][a-z0-9+.\-]{1,20}://[^\s/:@]{1,64}:(?P<value>[^\s/@]{1,128})@")

_PASSWORD = re.compile(
    r"""
    \b(?:pass(?:word|code|phrase)?|passwort|kennwort|pwd|pw|contraseña|mot\ de\ passe|pin(?:\ code|\ number)?|cvv2?|cvc2?
       |security\ code|(?:one[- ]time|verification|2fa|login|otp)\ (?:code|password)|otp|secret(?:\ key)?|(?:api|access|auth)[ _-]?(?:key|token)|client[ _-]secret)\b
    (?P<link>["']?[ \t]{0,3}(?:[:=]|(?:\ *(?:was|is(?!\ (?:not|n't))|ist|to|es|est|now|still|currently)\b){1,2}[ \t]*:?)[ \t]*(?:\r?\n[ \t]*)?)
    (?P<quote>["'`“«‘]?)(?P<value>[^\s"'`”»’]{3,128})
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What follows "my password is ..." in a complaint. A value with a colon or an equals sign before it needs no such test.
_PLAIN_WORD = re.compile(
    r"(?:[a-z]{3,7}(?:ed|ing)|incorrect|wrong|invalid|not|never|always|being|correct|right|fine|ok|okay|too|very|also|case|the|that|this|and|but|for|required|secure|safe|weak|strong|long|short|different|same|unknown|lost|gone|now|still|reset|my|your|a|an|in|on|no|longer|something|what|where|how|because|so|since|only|just|at|least|really|old|new|sent|there|here|asked|saved|stored|set|be|do|get|use|enter|log|access|change|recover|update|open|see|you|me|it|us|them|protect|login|continue|proceed|valid|visible|hidden|unique|easy|hard|important|confidential)[.,!?;:)]*",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(r"(?:\*+|_+|x{3,}|<.*|\[.*|\{.*|\.{3,}|n/?a)[.,!?;)]*", re.IGNORECASE)

# A run of the base-64 or hexadecimal alphabet. Below 20 characters article numbers and file names look as random.
_RUN = re.compile(r"(?<![\w./@+\-])[A-Za-z0-9+/_\-]{20,}={0,2}(?![\w./@+])")

# Bits of entropy a character: English runs together stay below 3.7, hexadecimal keys lie near 3.7, base-64 keys above 4.
_ENTROPY = 3.6


class SecretsSettings(DetectorSettings):
    """Keys and passwords: customers' are hidden from the model, one in an answer stops it."""

    input: Action = "mask"
    retrieved: Action = "mask"


class Secrets:
    """Finds what opens a door: keys, tokens, passwords."""

    name = "secrets"
    settings = SecretsSettings

    @classmethod
    def build(cls, setup: Setup[SecretsSettings]) -> Secrets:  # noqa: ARG003 - the registry's signature
        """The detector of a policy."""
        return cls()

    def detect(self, text: str, context: Context) -> list[Finding]:  # noqa: ARG002 - the protocol's
        """Findings labelled API_KEY or PASSWORD, by place, never overlapping."""
        read = plain(text)
        return [
            Finding(self.name, span.label, span.score, *read.span(span.start, span.end))
            for span in merged(find(read.text), ("PASSWORD", "API_KEY"))
        ]


def find(text: str) -> Iterator[Span]:
    """Spans labelled API_KEY or PASSWORD; they may overlap."""
    yield from matches(_VENDORS, text, "API_KEY", 1.0)
    yield from matches(_PRIVATE_KEY, text, "API_KEY", 1.0)
    yield from matches(_JWT, text, "API_KEY", 0.9)
    yield from matches(_BEARER, text, "API_KEY", 0.9)
    yield from matches(_URL_LOGIN, text, "PASSWORD", 0.9)
    yield from _passwords(text)
    for match in _RUN.finditer(text):
        if _random(match.group()):
            yield Span(match.start(), match.end(), "API_KEY", 0.6)


def _passwords(text: str) -> Iterator[Span]:
    for match in _PASSWORD.finditer(text):
        value = match["value"]
        certain = ":" in match["link"] or "=" in match["link"] or match["quote"]
        if _EXPLAINED.fullmatch(value) or (not certain and _PLAIN_WORD.fullmatch(value)):
            continue
        if certain or any(not character.isalpha() for character in value.rstrip(".,!?;:)")):
            trimmed = value.rstrip(".,;:)") or value
            yield Span(match.start("value"), match.start("value") + len(trimmed), "PASSWORD", 0.8)


def _random(run: str) -> bool:
    """Whether a run mixes letters and figures as a generator does and not as a name does."""
    letters = sum(character.isalpha() for character in run)
    digits = sum(character.isdigit() for character in run)
    if letters < 4 or digits < 3 or max(map(len, re.findall(r"[a-z]+", run)), default=0) > 10:
        return False
    if all(part.isalpha() or part.isdigit() or not part for part in re.split(r"[-_/+=]", run)):
        return False  # words and figures with separators: a page's or a file's name
    return entropy(run) >= _ENTROPY


def entropy(run: str) -> float:
    """Shannon entropy of the characters of ``run``, in bits a character."""
    return -sum(count / len(run) * math.log2(count / len(run)) for count in Counter(run).values())
