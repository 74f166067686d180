"""Cuts signatures, device lines and legal disclaimers off the end of a message."""

from __future__ import annotations

import re

DEVICE = re.compile(
    r"^\W{0,3}(?:Sent (?:from|via|with|by) (?:my |the )?\S.{0,60}|Get Outlook for .{1,30}|"
    r"(?:Von|Gesendet von|Gesendet mit) (?:meinem |meiner |der |mein )?\S.{0,50}?(?: gesendet)?|"
    r"Enviado desde (?:mi )?\S.{0,40}|Obtener Outlook para .{1,30}|Outlook für .{1,20} beziehen|"
    r"Envoyé de(?:puis)? mon .{1,40}|Inviato da(?:l mio)? .{1,40})\W{0,3}$",
    re.IGNORECASE,
)
# Only the forms that name a device or a programme: "Von meiner Frau gesendet" is a sentence.
DEVICE_NAME = re.compile(
    r"iphone|ipad|android|samsung|galaxy|huawei|xiaomi|pixel|outlook|mail\b|gmx|web\.de|yahoo|blackberry|handy|"
    r"smartphone|"
    r"mobile|m[oó]vil|tel[eé]fono|phone|proton|windows|thunderbird",
    re.IGNORECASE,
)
DISCLAIMER = re.compile(
    r"^\W{0,4}(?:confidentiality notice|disclaimer\b|legal notice|privileged (?:and|&) confidential|"
    r"this (?:e-?mail|message|communication)(?:,| and| \(| is| may| contains)|the (?:information|"
    r"contents?)(?: contained)? (?:in|of) this (?:e-?mail|message|communication)|"
    r"if you are not the intended|please consider the environment|diese (?:e-?mail|nachricht) (?:enthält|ist|kann|und)|"
    r"der inhalt dieser (?:e-?mail|nachricht)|este (?:mensaje|correo)(?: electr[oó]nico)?(?: y| contiene| es| puede)|"
    r"aviso legal)",
    re.IGNORECASE,
)
DISCLAIMER_WORDS = re.compile(
    r"confidential|intended|recipient|disclos|environment|printing|vertraulich|empfänger|confidencial|destinatari|"
    r"privileged",
    re.IGNORECASE,
)
DELIMITER = re.compile(r"^(?:--|—|__|–)\s*$")
CLOSING = re.compile(
    r"^\W{0,2}(?:(?:with |many |warm(?:est)? |kind(?:est)? |best |yours |very |all the )*"
    r"(?:regards|wishes|thanks|thank you|cheers|sincerely|truly|faithfully|best|yours)"
    r"(?: (?:so much|in advance|again|and regards|a lot|very much))*|thx|br|rgds|many thanks|thanks and regards|"
    r"take care|"
    r"(?:mit )?(?:vielen |herzlichen |freundlichen?|freundliche|liebe|viele|beste|schöne|herzliche|sonnige)?\s?"
    r"(?:grüßen?|gruß|grüsse|grüssen|gruss|gruesse|gruessen)(?: aus \w{1,30})?|mfg|lg|vg|(?:vielen|besten|"
    r"herzlichen) dank(?: im voraus)?|danke|"
    r"(?:un |muchos |con un )?(?:cordial(?:es)? |atentos? )?(?:saludos?|abrazo)(?: cordial(?:es)?)?|atentamente|"
    r"(?:muchas )?gracias(?: de antemano)?|(?:i )?look(?:ing)? forward to (?:your|hearing)[^.!?]{0,30})"
    r"\s*[,.!]*\s*$",
    re.IGNORECASE,
)
TEAM = re.compile(
    r"^(?:your |the |ihr |euer |dein |tu |su |el )?(?:\S+ ){0,3}(?:team|support|equipo|kundenservice)(?: \S+)?[.!]?$",
    re.I,
)
MOST_LINES_SIGNED, MOST_WORDS_SIGNED = 4, 7
MOST_WORDS_OF_NAME = 4
MOST_LINES_BELOW = 8
LONGEST_LINE_BELOW = 70


def strip_signature(text: str, author: str = "") -> str:
    """The text without what stands below the author's last sentence; a message that is only thanks keeps the thanks.

    Args:
        text: plain text without quoted history.
        author: the writer's display name, to know a signature by.
    """
    lines = text.split("\n")
    lines = _cut_disclaimer(lines)
    for place, line in enumerate(lines):
        if DELIMITER.match(line.strip()) and _is_tail(lines[place + 1 :], most=12) and any(lines[:place]):
            lines = lines[:place]
            break
    lines = _without_device(lines)
    lines = _without_name(lines, author)
    closing = _closing_place(lines)
    if closing is not None:
        above = _trimmed(lines[:closing])
        return above or lines[closing].strip()
    return _trimmed(lines)


def _cut_disclaimer(lines: list[str]) -> list[str]:
    for place, line in enumerate(lines):
        if place and DISCLAIMER.match(line.strip()) and DISCLAIMER_WORDS.search(" ".join(lines[place : place + 4])):
            return lines[:place]
    return lines


def _without_device(lines: list[str]) -> list[str]:
    return [line for line in lines if not (DEVICE.match(line.strip()) and DEVICE_NAME.search(line))]


def _closing_place(lines: list[str]) -> int | None:
    """Where a closing such as "Best regards," stands with nothing but a signature's short lines below it."""
    for place, line in enumerate(lines):
        if CLOSING.match(line.strip()) and _is_tail(lines[place + 1 :], most=MOST_LINES_BELOW):
            # "Thanks, / but it still does not work" begins a message, it does not end one.
            begins = not any(above.strip() for above in lines[:place])
            if not (begins and any(len(below.split()) > MOST_WORDS_OF_NAME for below in lines[place + 1 :])):
                return place
    return None


def _without_name(lines: list[str], author: str) -> list[str]:
    """Cuts a last paragraph that is signed: short lines with the author's name, or "Your … team", below a comma."""
    held = "\n".join(lines).rstrip().split("\n")
    start = next((place + 1 for place in range(len(held) - 1, -1, -1) if not held[place].strip()), 0)
    tail = [line.strip() for line in held[start:]]
    if (
        not start
        or not tail
        or len(tail) > MOST_LINES_SIGNED
        or any(len(line.split()) > MOST_WORDS_SIGNED for line in tail)
    ):
        return lines
    names = {word.casefold() for word in author.split() if len(word) > 1}
    signed = any(names & {word.strip(".,!-").casefold() for word in line.split()} for line in tail)
    is_closed = len(tail) > 1 and tail[0].endswith((",", "!")) and not tail[-1].endswith(("?", ".", ":"))
    if (signed and not tail[0].endswith((".", "?", ":"))) or is_closed or TEAM.match(tail[-1]):
        return held[:start]
    return lines


def _is_tail(lines: list[str], most: int) -> bool:
    held = [line.strip() for line in lines if line.strip()]
    return len(held) <= most and all(len(line) <= LONGEST_LINE_BELOW and not line.endswith("?") for line in held)


def _trimmed(lines: list[str]) -> str:
    return "\n".join(lines).strip(" \n*_")
