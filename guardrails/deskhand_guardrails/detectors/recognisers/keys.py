# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Keys and tokens by their form: those of well-known vendors, private keys, JWTs, links that carry a login, random runs.

The vendors' forms are those they document (and GitHub's secret scanning lists).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, matches

_VENDORS = re.compile(
    r"""
    (?<![A-Za-z0-9])(?:
      sk-(?:proj-|ant-|or-|live-|test-|svcacct-|admin-)?[A-Za-z0-9_\-]{20,}   # OpenAI, Anthropic, OpenRouter
    | (?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,} | whsec_[A-Za-z0-9+/=]{24,} # Stripe
    | gh[pousr]_[A-Za-z0-9]{30,} | github_pat_[A-Za-z0-9_]{40,}
    | gl(?:pat|dt|rt|ft|soat|cbt|ptt)-[A-Za-z0-9_\-]{20,}                     # GitLab
    | xox[abceoprs]-[A-Za-z0-9\-]{10,} | xapp-\d-[A-Za-z0-9\-]{10,}           # Slack
    | hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{20,}
    | discord(?:app)?\.com/api/webhooks/\d{15,}/[\w\-]{40,}
    | [MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,}      # Discord
    | (?:AKIA|ASIA|AGPA|AIDA|AROA|ABIA|ACCA)[A-Z0-9]{16}                      # AWS
    | AIza[A-Za-z0-9_\-]{35} | ya29\.[A-Za-z0-9_\-]{20,} | GOCSPX-[A-Za-z0-9_\-]{20,} | 1//0[A-Za-z0-9_\-]{30,}   # Google
    | EAAC[A-Za-z0-9]{30,} | EAAG[A-Za-z0-9]{30,} | IGQV[A-Za-z0-9_\-]{30,}   # Meta
    | hf_[A-Za-z0-9]{30,} | gsk_[A-Za-z0-9]{40,} | xai-[A-Za-z0-9]{40,} | pplx-[A-Za-z0-9]{40,} | r8_[A-Za-z0-9]{30,} | nvapi-[A-Za-z0-9_\-]{30,}
    | npm_[A-Za-z0-9]{36} | pypi-[A-Za-z0-9_\-]{40,} | rubygems_[a-f0-9]{40,} | dckr_(?:pat|oat)_[A-Za-z0-9_\-]{20,} | cio[A-Za-z0-9]{32}
    | SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{30,}                            # SendGrid
    | (?:key-|pubkey-)[a-f0-9]{32} | [a-f0-9]{32}-us\d{1,2}                   # Mailgun, Mailchimp
    | AC[a-f0-9]{32} | SK[a-f0-9]{32}                                         # Twilio
    | shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32} | sq0(?:atp|csp|idp)-[A-Za-z0-9_\-]{22,} | EAAA[A-Za-z0-9_\-]{40,}   # Shopify, Square
    | access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}        # Braintree
    | do[oprt]_v1_[a-f0-9]{64} | dapi[a-f0-9]{32}(?:-\d)? | hv[sbr]\.[A-Za-z0-9_\-]{24,} | dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9_\-.]{30,}
    | lin_api_[A-Za-z0-9]{30,} | (?:secret|ntn)_[A-Za-z0-9]{40,} | figd_[A-Za-z0-9_\-]{30,} | PMAK-[a-f0-9]{24}-[a-f0-9]{34}
    | gl(?:sa|c)_[A-Za-z0-9+/_=]{32,} | sntry[su]_[A-Za-z0-9+/=_\-]{40,} | sbp_[a-f0-9]{40} | pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_\-.]{32,}
    | ATATT3[A-Za-z0-9_\-=]{100,} | ATBB[A-Za-z0-9]{28,} | pat[A-Za-z0-9]{14}\.[a-f0-9]{64} | NRAK-[A-Z0-9]{27} | [A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-]{60,}
    | \d{8,10}:AA[A-Za-z0-9_\-]{33}                                           # Telegram
    | AGE-SECRET-KEY-1[A-Z0-9]{58} | [5KL][1-9A-HJ-NP-Za-km-z]{50,51} | xprv[1-9A-HJ-NP-Za-km-z]{100,}
    )
    """,
    re.VERBOSE,
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,8000}?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|[\sA-Za-z0-9+/=:,\-]{0,8000})"
)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)?")
_BEARER = re.compile(r"\b(?i:bearer|authorization:\s*(?:basic|token|apikey))\s+(?P<value>[A-Za-z0-9_\-.=+/]{16,})")
_URL_LOGIN = re.compile(r"\b[a-z][a-z0-9+.\-]{1,20}://[^\s/:@]{0,64}:(?P<value>[^\s/@]{1,128})@")
_PARAMETER = re.compile(
    r"(?i:\b(?:account|sharedaccess|access|private|secret|api|auth|signing|encryption|license)_?key|_authtoken|\bx-amz-signature|\bsharedaccesssignature|[?&](?:sig|signature|token|access_token|api_?key|key|secret|code|session|sid|password|pwd))=(?P<value>[A-Za-z0-9%+/_\-.~]{8,}={0,2})"
)
# Product keys: four or five groups of five.
_PRODUCT_KEY = re.compile(
    r"(?<![\w\-])(?=[A-Z\-]*\d)(?=[\d\-]*[A-Z])(?P<value>[A-Z0-9]{5}(?:-[A-Z0-9]{5}){3,4})(?![\w\-])"
)
# Twelve to twenty-four words open a wallet.
_SEED = re.compile(
    r"\b(?i:(?:seed|recovery|mnemonic|backup|secret)[ ]?(?:phrase|words?)|mnemonic)\b[^\n]{0,25}?[:=\s]\s*(?P<value>(?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})\b"
)

# A run of the base-64 or hexadecimal alphabet. Below 20 characters article numbers and file names look as random.
_RUN = re.compile(r"(?<![\w./@+\-])[A-Za-z0-9+/_\-]{20,}={0,2}(?![\w./@+])")

# Bits of entropy a character: English runs together stay below 3.7, hexadecimal keys lie near 3.7, base-64 keys above 4.
_ENTROPY = 3.6


def find(text: str) -> Iterator[Span]:
    """Spans labelled API_KEY, and PASSWORD for the one in a link; they may overlap."""
    yield from matches(_VENDORS, text, "API_KEY", 1.0)
    if "-----BEGIN" in text:
        yield from matches(_PRIVATE_KEY, text, "API_KEY", 1.0)
    if "eyJ" in text:
        yield from matches(_JWT, text, "API_KEY", 0.9)
    if "://" in text:
        yield from matches(_URL_LOGIN, text, "PASSWORD", 0.9)
    if "=" in text:
        yield from matches(_PARAMETER, text, "API_KEY", 0.8)
    yield from matches(_BEARER, text, "API_KEY", 0.9)
    yield from matches(_PRODUCT_KEY, text, "API_KEY", 0.7)
    yield from matches(_SEED, text, "API_KEY", 0.9)
    for match in _RUN.finditer(text):
        if _random(match.group()):
            yield Span(match.start(), match.end(), "API_KEY", 0.6)


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
