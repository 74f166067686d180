"""Cuts signatures, device lines and legal disclaimers off the end of a message."""

from __future__ import annotations

import re

DEVICE = re.compile(
    r"^\W{0,3}(?:Sent (?:from|via|with|by) (?:my |the )?\S.{0,60}|Get Outlook for .{1,30}|"
    r"(?:Von|Gesendet von|Gesendet mit) (?:meinem |meiner |der |mein )?\S.{0,50}?(?: gesendet)?|"
    r"Diese Nachricht wurde von .{0,60} gesendet|(?:Holen Sie sich )?Outlook für .{1,20}(?: beziehen)?|"
    r"Enviado desde (?:mi )?\S.{0,40}|Obtener Outlook para .{1,30}|"
    r"Envoyé de(?:puis)? (?:mon |ma )?.{1,40}|Obtenir Outlook pour .{1,30}|"
    r"Inviato da(?:l mio)? .{1,40}|Ottieni Outlook per .{1,30}|"
    r"(?:Verstuurd|Verzonden) (?:vanaf|vanuit|met|via) .{1,50}|Outlook voor .{1,20} downloaden|"
    r"Enviad[oa] (?:do|da|de|a partir do) (?:meu |minha )?.{1,40}|Obter o? ?Outlook para .{1,30}|"
    r"Wysłan[eoy] (?:z|ze|przez) .{1,40}|Skickat från .{1,40}|Sendt fra .{1,40}|Lähetetty .{1,40}|"
    r".{1,30}(?:den|dan) gönderildi|Отправлено (?:с|из) .{1,40}|.{1,30}から送信)\W{0,3}$",
    re.IGNORECASE,
)
# Only the forms that name a device or a programme: "Von meiner Frau gesendet" is a sentence.
DEVICE_NAME = re.compile(
    r"iphone|ipad|android|samsung|galaxy|huawei|xiaomi|pixel|outlook|mail\b|gmx|web\.de|yahoo|blackberry|handy|"
    r"smartphone|mobile|m[oó]vil|mobil\b|tel[eé]fono|t[eé]l[eé]phone|telem[oó]vel|telefo|phone|proton|windows|"
    r"thunderbird",
    re.IGNORECASE,
)
DISCLAIMER = re.compile(
    r"^\W{0,4}(?:confidentiality notice|disclaimer\b|legal notice|privileged (?:and|&) confidential|"
    r"this (?:e-?mail|message|communication)(?:,| and| \(| is| may| contains)|the (?:information|"
    r"contents?)(?: contained)? (?:in|of) this (?:e-?mail|message|communication)|"
    r"if you are not the intended|please consider the environment|"
    r"diese (?:e-?mail|nachricht) (?:enthält|ist|kann|und)|der inhalt dieser (?:e-?mail|nachricht)|"
    r"die in dieser (?:e-?mail|nachricht)|"
    r"este (?:mensaje|correo)(?: electr[oó]nico)?(?: y| contiene| es| puede)|aviso legal|"
    r"ce (?:message|courriel|courrier)\b|les informations contenues dans ce|"
    r"(?:le informazioni (?:contenute|trasmesse)|questo messaggio|questa e-?mail)\b|"
    r"(?:de informatie in|dit (?:e-?mail)?bericht|deze e-?mail)\b|"
    r"(?:esta mensagem|este e-?mail|as informações contidas)\b)",
    re.IGNORECASE,
)
DISCLAIMER_WORDS = re.compile(
    r"confidential|intended|recipient|disclos|environment|printing|vertraulich|empfänger|confidencia|destinat|"
    r"privileged|confidentiel|riservat|vertrouwelijk|geadresseerde",
    re.IGNORECASE,
)
# What programs write below a mail; nobody else does.
FOOTER = re.compile(
    r"^\W{0,4}(?:this e-?mail is a service from|diese e-?mail ist ein service von|cet e-?mail est un service|"
    r"este (?:correo electr[oó]nico|e-?mail) es un servicio|delivered by zendesk|bereitgestellt (?:durch|von) zendesk|"
    r"this (?:e-?mail|message) (?:has been|was) (?:checked|scanned)|virus-free\b|virenfrei\b|sans virus\b|"
    r"libre de virus\b|privo di virus\b|livre de vírus\b|diese e-?mail wurde .{0,30}auf viren)",
    re.IGNORECASE,
)
# What a mail gateway or program writes above it.
BANNER = re.compile(
    r"^\W{0,4}(?:(?:external|caution|warning|achtung|vorsicht|extern)\b.{0,200}\b(?:links?|attachments?|sender|anhänge|"
    r"absender|outside)\b|you don['’]t often get e-?mail from\b|sie erhalten nicht (?:oft|häufig) e-?mails? von\b)",
    re.IGNORECASE,
)
DELIMITER = re.compile(r"^(?:--|—|__|–)\s*$")
CLOSINGS = (
    r"(?:with |many |warm(?:est)? |kind(?:est)? |best |yours |very |all the )*"
    r"(?:regards|wishes|thanks|thank you|cheers|sincerely|truly|faithfully|best|yours)"
    r"(?: (?:so much|in advance|again|and regards|a lot|very much))*|thx|br|rgds|many thanks|thanks and regards|"
    r"take care|"
    r"(?:mit )?(?:vielen |herzlichen |freundlichen?|freundliche|liebe|viele|beste|schöne|herzliche|sonnige)?\s?"
    r"(?:grüßen?|gruß|grüsse|grüssen|gruss|gruesse|gruessen)(?: aus \w{1,30})?|mfg|lg|vg|(?:vielen|besten|"
    r"herzlichen) dank(?: im voraus)?|danke|"
    r"(?:un |muchos |con un )?(?:cordial(?:es)? |atentos? )?(?:saludos?|abrazo)(?: cordial(?:es)?)?|atentamente|"
    r"(?:muchas )?gracias(?: de antemano)?|(?:i )?look(?:ing)? forward to (?:your|hearing)[^.!?]{0,30}|"
    r"(?:bien )?cordialement|bien à vous|merci(?: d['’]avance| beaucoup)?|(?:meilleures|sincères) salutations|"
    r"(?:je vous prie|veuillez)\b.{0,80}\b(?:salutations|sentiments)[^.]{0,30}|"
    r"in attesa di (?:un )?(?:vostro|suo|tuo|sua|una)?.{0,60}saluti|"
    r"(?:cordiali|distinti|cari) saluti|(?:grazie|grazie mille)(?: in anticipo)?|"
    r"(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|groet(?:jes|en)?|(?:alvast )?bedankt|mvg|"
    r"atenciosamente|(?:com os melhores )?cumprimentos|(?:muito )?obrigad[oa]|abraços?|"
    r"pozdrawiam(?: serdecznie)?|z poważaniem|dziękuję|(?:med )?vänliga? hälsning(?:ar)?|mvh|tack|"
    r"(?:med )?venlig hilsen|mange tak"
)
CLOSING = re.compile(rf"^\W{{0,2}}(?:{CLOSINGS})\s*[,.!]*\s*$", re.IGNORECASE)
# The same with the name behind it; "Thanks again for nothing" is none.
_NAME = r"[A-ZÀ-ÖØ-ÞŁŚŻ][\w.'’-]{0,25}"
CLOSING_NAMED = re.compile(rf"^\W{{0,2}}(?i:{CLOSINGS})[,.!]*[ ]+{_NAME}(?:[ ]{_NAME}){{0,3}}[.!]?\s*$")
TEAM = re.compile(
    r"^(?:your |the |ihr |euer |dein |tu |su |el )?(?:\S+ ){0,3}(?:team|support|equipo|kundenservice)(?: \S+)?[.!]?$",
    re.I,
)
MOST_LINES_SIGNED, MOST_WORDS_SIGNED = 4, 7
MOST_WORDS_OF_NAME = 4
MOST_LINES_BELOW = 9
LONGEST_LINE_BELOW = 70


def strip_signature(text: str, author: str = "") -> str:
    """The text without what stands below the author's last sentence; a message that is only thanks keeps the thanks.

    Args:
        text: plain text without quoted history.
        author: the writer's display name, to know a signature by.
    """
    lines = text.split("\n")
    lines = _cut_disclaimer(_without_banner(lines))
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


def _without_banner(lines: list[str]) -> list[str]:
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    return lines[first + 1 :] if lines and BANNER.match(lines[first].strip()) else lines


def _cut_disclaimer(lines: list[str]) -> list[str]:
    for place, line in enumerate(lines):
        if place and FOOTER.match(line.strip()):
            return lines[:place]
        if place and DISCLAIMER.match(line.strip()) and DISCLAIMER_WORDS.search(" ".join(lines[place : place + 4])):
            return lines[:place]
    return lines


def _without_device(lines: list[str]) -> list[str]:
    return [line for line in lines if not (DEVICE.match(line.strip()) and DEVICE_NAME.search(line))]


def _closing_place(lines: list[str]) -> int | None:
    """Where a closing such as "Best regards," stands with nothing but a signature's short lines below it."""
    for place, line in enumerate(lines):
        is_closing = CLOSING.match(line.strip()) or CLOSING_NAMED.match(line.strip())
        if is_closing and _is_tail(lines[place + 1 :], most=MOST_LINES_BELOW):
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
    above = next((line.strip() for line in reversed(held[:start]) if line.strip()), "")
    initials = "".join(word[0] for word in author.split()).casefold()
    if above.endswith(":"):  # "Please ship to:"
        return lines
    signed = tail == [initials.upper()] or any(
        names & {word.strip(".,!-").casefold() for word in line.split()} for line in tail
    )
    is_closed = len(tail) > 1 and tail[0].endswith((",", "!")) and not tail[-1].endswith(("?", ".", ":"))
    if (signed and not tail[0].endswith((".", "?", ":"))) or is_closed or TEAM.match(tail[-1]):
        return held[:start]
    return lines


def _is_tail(lines: list[str], most: int) -> bool:
    held = [line.strip() for line in lines if line.strip()]
    return len(held) <= most and all(len(line) <= LONGEST_LINE_BELOW and not line.endswith("?") for line in held)


def _trimmed(lines: list[str]) -> str:
    while lines and not lines[-1].strip(" *_=-—–"):
        lines = lines[:-1]
    return "\n".join(lines).strip(" \n*_")
