# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Passwords, PINs, security codes, one-time codes and security answers that somebody typed, in several languages.

"password: hunter2", "my password is hunter2", "log in with my password hunter2", "Passwort lautet ...", "the code they
texted me is 481923". Not covered: a password that no word introduces, and one that is a plain word where a sentence goes
on ("my password is sunshine and ...").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, any_of, words

_SAID = any_of(
    """
    password | passwords | passcode | passphrase | pass word | pass | passwd | pwd | pwds | pw | pin | pin code | pin number | pincode | tpin | mpin | wifi key | wi-fi key | network key
    cvv | cvv2 | cvc | cvc2 | csc | cid | card verification code | security code | secret code | access code | entry code | door code | gate code | alarm code | unlock code | puk | puk code | safe word | memorable word | secret word | security answer | secret answer | security question answer | maiden name
    one-time code | one time code | one-time password | one time password | one-time passcode | verification code | verification pin | confirmation pin | authentication code | authenticator code | auth code | 2fa code | 2fa | mfa code | login code | log-in code | sign-in code | sms code | otp | otp code | backup code | backup codes | recovery code | recovery codes | reset code | activation code | tan
    secret | secret key | api key | api_key | apikey | api token | api secret | access key | access token | access_token | auth token | auth_token | auth key | token | client secret | client_secret | app secret | app password | secret_key | private key | encryption key | bearer token | refresh token | webhook secret | signing key | license key | licence key | product key | activation key
    passwort | kennwort | zugangscode | sicherheitscode | prüfziffer | prüfnummer | einmalcode | bestätigungscode | verifizierungscode | passphrase | losungswort | contraseña | clave | clave de acceso | código de verificación | código de seguridad | mot de passe | mdp | code secret | code de vérification | code de sécurité | parola d'ordine | codice di verifica | codice di sicurezza | senha | código de verificação | palavra-passe | wachtwoord | verificatiecode | beveiligingscode | hasło | kod weryfikacyjny
    """
)
_IS = r"(?:was|is(?![ ](?:not|n't)\b)|are|ist|lautet|to|es|est|era|è|é|to jest|now|still|currently|set to|just|simply)"
_LINKED = re.compile(
    rf"""
    (?<![\w\-@/.]){_SAID}\b(?:[ ](?:number|code|nummer|here|below)|[ ]\([^)\n]{{1,24}}\))?
    (?P<link>["'*]{{0,2}}[ \t]{{0,3}}(?:[:=]+>?|->|(?:\ *{_IS}\b){{1,2}}[ \t]*[:=]?)[ \t]*(?:\r?\n[ \t]*)?)
    (?P<quote>["'`“«‘*]?)(?P<value>[^\s"'`”»’]{{3,128}})
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Without a link only what no word looks like: letters with figures or signs inside, or the figures of a PIN.
_DIRECT = re.compile(
    rf"""
    (?<![\w\-@/.]){_SAID}[ \t]{{1,2}}(?P<quote>["'`“«‘]?)(?P<value>[^\s"'`”»’]{{4,64}})
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CODE = re.compile(
    r"(?<![\w\-])(?:code|pin|passcode)\b[^\d\n.!?:;]{0,40}?[ :]{1,2}(?P<value>(?:[A-Z]-)?\d{4,8}|\d{3}[ \-]\d{3})(?![\w%]|[.,/:\-]\d)",
    re.IGNORECASE,
)
_CODE_FIRST = re.compile(
    r"(?<![\w.,\-/#$€£])(?P<value>(?:[A-Z]-)?\d{4,8}|\d{3}[ \-]\d{3})[ ]is[ ](?:your|the|my)[ ].{0,30}?\b(?:code|otp|passcode|pin)\b",
    re.IGNORECASE,
)
# A bare "code" is a voucher's or an error's; one of these words near it makes it one that opens a door.
_ONE_TIME = re.compile(
    r"\b(?:verif\w*|otp|one[- ]time|2fa|mfa|two[- ](?:factor|step)|authenticat\w*|log(?:ged|ging)?[ -]?in|sign(?:ing)?[ -]?in|sms|texted|text message|whatsapp|sent (?:me|to my)|passcode|pin)\b",
    re.IGNORECASE,
)

_PAIR = re.compile(
    r"\b(?:user(?:name)?|login|email|credentials)[ ]?(?:/|and|&|\+)[ ]?(?:pass(?:word)?|pw|pwd)\b[ \t]*(?:[:=]|is|are)?[ \t]*(?P<user>[^\s/]{2,64})[ ]?(?:/|,|:)[ ]?(?P<value>[^\s]{3,64})|\b(?:login|log in|creds|credentials)[ ]?[:=][ ]?[^\s/:]{2,64}[ ]?[/:][ ]?(?P<second>[^\s/]{4,64})",
    re.IGNORECASE,
)

# What follows "my password is ..." in a complaint. A value with a colon or an equals sign before it needs no such test.
_COMPLAINT = words(
    """
    a able about accepted access active actually after again all already also always an and another any apparently around as asked at
    bad be because been before being blocked broken but by called case case-sensitive change changed coming compromised confidential
    confirmed confusing continue correct corrupt correctly crap currently dead declined default denied deactivated definitely different
    difficult disabled displayed do done down due easy either empty encrypted enough enter entered erroneous even every everything exactly
    expired expiring failed failing false fine first for forgot forgotten freezing fully fucked garbage generated get getting given gone good
    hacked hard hard-coded having here hidden how however i impossible in inaccurate inactive incorrect insecure instead insufficient into
    invalid it its just kept lapsed last like locked log login long longer lost made maybe messed mine missing mistyped mixed much must my
    necessary needed needs neither never new no none not nothing now nowhere obsolete of off ok okay old on one only open optional or otherwise
    out outdated overdue over perfectly permanently please pointless possible probably proceed protect protected public random rather ready
    really recover recovered refused reset rejected remembered required restricted revoked right safe same saved secret secure see sent set
    shared short shown similar simple since so something somehow soon somewhere sound still stolen stored strong stuck super supposed sure
    suspended taken temporary than that the their then there these they this though to too totally true two unable unavailable unclear
    unique unknown unreadable unsafe until unusable unverified up update updated use used useful useless using usually valid verified very
    visible vulnerable wait was weak weird well what when where which why will with without working wrong yes yet you your accessible
    essential mandatory secured supported unchanged unsuccessful working wonky bugged glitchy ridiculous annoying frustrating complicated
    recognized recognised reseted nonexistent longest unsecure incomplete inconsistent unaccepted unrecognized unrecognised disappearing
    falsch ungültig richtig nicht abgelaufen vergessen gesperrt weg incorrecta incorrecto inválida correcta válida expirada olvidada bloqueada no
    incorrect invalide expiré oublié bloqué pas sbagliata scaduta errata non inválida incorreta expirou verkeerd verlopen niet błędne
    part compulsory confidential key time something sometimes based linked tied related different unlike above below
    """
)
_EXPLAINED = re.compile(
    r"(?:\*+|[•●_.]+|x{3,}|<.*|\[.*|\{.*|\$\{?\w.*|(?:process|os)\.\w.*|\w[\w.]*\(.*|\.{3,}|n/?a|(?:https?|www)\W.*|\d{1,2}[.:]\d\d.*|\d{1,3}[-–+]?(?:characters?|digits?)?)[.,!?;:)]*",
    re.IGNORECASE,
)
_INFLECTED = re.compile(r"[a-z]{3,}(?:ed|ing|ly|able|ible|n't)[.,!?;:)]*", re.IGNORECASE)
_SENTENCE_ENDS = re.compile(r"(?<=[.,!?;:)])|[ \t]*(?:[.,!?;:)\n]|$)")


def find(text: str) -> Iterator[Span]:
    """Spans labelled PASSWORD."""
    for match in _LINKED.finditer(text):
        if _is_said(text, match):
            yield _span(match, "value", 0.8)
    for match in _DIRECT.finditer(text):
        if _is_opaque(_trimmed(match["value"])):
            yield _span(match, "value", 0.7)
    for match in _PAIR.finditer(text):
        if match["second"] is None or _is_opaque(match["second"]):
            yield _span(match, "value" if match["second"] is None else "second", 0.7)
    if _ONE_TIME.search(text):
        for pattern in (_CODE, _CODE_FIRST):
            for match in pattern.finditer(text):
                if not re.fullmatch(r"(?:19|20)\d\d", match["value"]):
                    yield _span(match, "value", 0.7)


def _is_said(text: str, match: re.Match[str]) -> bool:
    """Whether what follows "password:" or "password is" is one."""
    value, link = _trimmed(match["value"]).rstrip("!?"), match["link"]
    if not value or (_EXPLAINED.fullmatch(value) and not value.isdigit()) or (value.isdigit() and len(value) < 3):
        return False
    if match["quote"]:
        return True
    if value.lower() in _COMPLAINT:
        return False
    if any(sign in link for sign in ":=>"):
        return True
    if value.isalpha():
        # "my password is sunshine." and not "my password is showing as wrong" or "a password to log in"
        is_plain = len(value) < 5 or _INFLECTED.fullmatch(value) or link.split()[-1:] == ["to"]
        return not is_plain and bool(_SENTENCE_ENDS.match(text, match.end("value")))
    return not re.fullmatch(r"[a-z]+[-'’][a-z]+", value, re.IGNORECASE)


def _is_opaque(value: str) -> bool:
    """Whether a word looks like a password: letters with figures or signs inside, or four to eight figures."""
    if _EXPLAINED.fullmatch(value):
        return False
    if value.isdigit():
        return 4 <= len(value) <= 8 and not re.fullmatch(r"(?:19|20)\d\d", value)
    has_letter, has_digit = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    has_sign = re.search(r"[^\w\s\-'’.,/;:()&]", value[:-1])
    return len(value) >= 5 and has_letter and bool(has_digit or has_sign) and not value.startswith("@")


def _trimmed(value: str) -> str:
    # One that ends in "!" is as likely the password's as the sentence's: it goes too.
    return value.rstrip(".,;:)*") or value


def _span(match: re.Match[str], group: str, score: float) -> Span:
    start = match.start(group)
    return Span(start, start + len(_trimmed(match[group])), "PASSWORD", score)
