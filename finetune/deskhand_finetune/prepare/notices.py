"""Recognises what no person wrote: automatic replies, acknowledgements, merge notices, surveys, delivery failures."""

from __future__ import annotations

import re

NOTICES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "auto_reply",
        re.compile(
            r"\b(?:out of (?:the )?office|automatic reply|auto-?reply|auto-?response|automatically generated|"
            r"i am currently (?:away|out)|"
            r"on (?:annual|parental|maternity|sick) leave|abwesenheits(?:notiz|nachricht)|automatische (?:antwort|"
            r"nachricht)|"
            r"nicht im (?:büro|haus)|fuera de (?:la )?oficina|respuesta automática|do not reply to this (?:e-?mail|"
            r"message)|"
            r"diese e-?mail wurde automatisch)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "acknowledgement",
        re.compile(
            r"\b(?:your (?:request|ticket|message|inquiry|enquiry)(?: \S{1,20}){0,2} (?:has been|was) (?:received|"
            r"created|opened|logged)|"
            r"we(?:'ve| have)? (?:received|got) your (?:request|message|e-?mail|inquiry|"
            r"enquiry)\b.{0,160}\b(?:review|shortly|soon|hours|number|possible|touch)|"
            r"(?:more|higher|larger) \w{0,12} ?(?:messages|requests|volumes?|e-?mails|tickets|"
            r"enquiries)?(?: of \w{1,12})? than (?:usual|normal)\b.{0,120}\b(?:longer|delay|patien|wait)|"
            r"mehr anfragen als (?:üblich|sonst)|más (?:mensajes|solicitudes) de lo (?:habitual|normal)|"
            r"(?:ihre|deine) (?:anfrage|nachricht)(?: \S{1,20}){0,2} (?:ist eingegangen|wurde empfangen|"
            r"wurde erstellt|ist bei uns eingegangen)|"
            r"(?:hemos recibido|su solicitud|tu solicitud)\b.{0,60}\b(?:solicitud|mensaje|recibid[ao]|creada))",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
    (
        "merge",
        re.compile(
            r"\b(?:request (?:was|has been|is) closed and merged into request|(?:ticket|request) (?:#?\d+|"
            r"<\w+>).{0,40}\bmerged into\b|"
            r"merged into (?:this )?(?:request|ticket)|last comment in request #?\S{1,20})",
            re.IGNORECASE,
        ),
    ),
    (
        "survey",
        re.compile(
            r"\b(?:how would you rate the (?:support|help|service)|rate (?:our|your|the) (?:support|conversation|"
            r"experience)|"
            r"satisfaction survey|(?:good|bad), i'?m (?:un)?satisfied|wie (?:zufrieden waren|"
            r"würden) sie .{0,40}(?:support|service|bewerten)|"
            r"¿cómo calificaría|encuesta de satisfacción)",
            re.IGNORECASE,
        ),
    ),
    (
        "delivery_failure",
        re.compile(
            r"\b(?:mail delivery (?:failed|subsystem)|undeliverable|delivery status notification|mailer-daemon|"
            r"message could not be delivered|unzustellbar)\b",
            re.IGNORECASE,
        ),
    ),
)
# A notice says so at its start; a customer who quotes one further down is still a customer.
LOOKED_AT = 400
# Longer texts that mention "out of office" are about it.
LONGEST_NOTICE = 1500


def notice(text: str) -> str:
    """Which kind of notice the message is: ``auto_reply``, ``acknowledgement``, …; nothing for a person's words."""
    if len(text) > LONGEST_NOTICE:
        return ""
    return next((kind for kind, pattern in NOTICES if pattern.search(text[:LOOKED_AT])), "")
