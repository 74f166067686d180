"""Recognises what no person wrote: automatic replies, acknowledgements, merge notices, surveys, delivery failures."""

from __future__ import annotations

import re

# "I only got an automatic reply" is a customer's: these count as a title, or with "this is an".
_AUTOMATIC = (
    r"automatic reply|auto-?reply|auto-?response|automatische antwort|respuesta automática|réponse automatique|"
    r"risposta automatica|automatisch antwoord|resposta automática"
)
AUTO_REPLY = (
    rf"(?:\A\W{{0,3}}(?:{_AUTOMATIC})|(?:{_AUTOMATIC})\s?:|"
    r"\b(?:this is an|dies ist eine|este es un|ceci est un|questo è un|dit is een|esta é uma|é uma)\s"
    r"(?:auto\w+) (?:\w+ )?(?:message|reply|e-?mail|nachricht|antwort|bericht)|"
    r"(?:este es un mensaje|ceci est un (?:message|courriel)|questo è un messaggio|esta é uma mensagem) autom\w+|"
    r"\b(?:out of (?:the )?office|automatically generated|"
    r"i am currently (?:away|out)|i(?:['’]m| am) away\b.{0,60}\b(?:reply|respond|answer)\b.{0,30}\b(?:back|return)|"
    r"i(?:['’]m| am) on (?:vacation|holiday|leave)\b.{0,80}\b(?:until|access|return|back)|"
    r"on (?:annual|parental|maternity|sick) leave|i no longer work (?:at|for)|is no longer (?:with|employed)|"
    r"(?:mailbox|inbox|address) is (?:not|un)\s?(?:monitored|attended)|do not reply to this (?:e-?mail|message)|"
    r"abwesenheits(?:notiz|nachricht)|automatisch (?:generierte|erstellte|erzeugte)|"
    r"nicht im (?:büro|haus)|diese e-?mail wurde automatisch|bitte antworten sie nicht auf diese|"
    r"ich bin (?:derzeit|zurzeit|zur zeit|momentan|aktuell|bis|vom|ab)\b[^?]{0,60}(?:abwesend|nicht erreichbar|"
    r"im urlaub und|im urlaub\.)|"
    r"fuera de (?:la )?oficina|(?:estoy|estaré) ausente|"
    r"absente? du bureau|(?:je suis|actuellement) (?:absente?|en congés?)\b|"
    r"fuori (?:ufficio|sede)\b|niet op kantoor|ik ben (?:afwezig|met vakantie)|afwezigheids|"
    r"fora do escritório|(?:estou|estarei) (?:ausente|de férias)"
    r")\b)"
)
ACKNOWLEDGEMENT = (
    r"\b(?:your (?:request|ticket|message|inquiry|enquiry)(?: \S{1,20}){0,2} (?:has been|was) (?:received|"
    r"created|opened|logged)|(?:ticket|request|case) (?:\S{1,20} )?(?:has been|was) (?:created|opened|logged)\b|"
    r"to add (?:additional|more) comments, reply|"
    r"your (?:ticket|case|request|reference) number is\b.{0,80}\b(?:reply|respond|answer|touch|back)\b.{0,30}\b(?:"
    r"within|soon|shortly|possible)|"
    r"we(?:'ve| have)? (?:received|got) your (?:request|message|e-?mail|inquiry|"
    r"enquiry)\b.{0,160}\b(?:review|shortly|soon|hours|number|possible|touch)|"
    r"(?:more|higher|larger) \w{0,12} ?(?:messages|requests|volumes?|e-?mails|tickets|"
    r"enquiries)?(?: of \w{1,12})? than (?:usual|normal)\b.{0,120}\b(?:longer|delay|patien|wait)|"
    # de
    r"mehr anfragen als (?:üblich|sonst)|wir haben (?:ihre|deine) (?:anfrage|nachricht|e-?mail) (?:erhalten|bekommen)"
    r"\b.{0,120}\b(?:melden|stunden|werktag|nummer|bald|schnellst)|"
    r"(?:ihre|deine) (?:anfrage|nachricht)(?: \S{1,20}){0,2} (?:ist eingegangen|wurde empfangen|"
    r"wurde erstellt|ist bei uns eingegangen)|"
    # es
    r"más (?:mensajes|solicitudes) de lo (?:habitual|normal)|"
    r"(?:hemos recibido|su solicitud|tu solicitud)\b.{0,60}\b(?:solicitud|mensaje|recibid[ao]|creada)|"
    # fr, it, nl, pt
    r"votre (?:demande|ticket|message)\b.{0,40}\ba (?:bien )?été (?:reçue?|créée?|enregistrée?)|"
    r"la (?:sua|tua) (?:richiesta|segnalazione)\b.{0,40}\bè stata (?:ricevuta|creata|registrata)|"
    r"(?:uw|je) (?:verzoek|aanvraag|bericht|ticket)\b.{0,40}\bis (?:ontvangen|aangemaakt|geregistreerd)|"
    r"(?:a sua|sua) (?:solicitação|mensagem|pedido)\b.{0,40}\bfoi (?:recebid[ao]|criad[ao]|registrad[ao]))"
)
MERGE = (
    r"\b(?:request (?:was|has been|is) closed and merged into request|(?:ticket|request) (?:with id )?(?:#?\d+|"
    r"<\w+>).{0,40}\bmerged into\b|"
    r"merged into (?:this )?(?:request|ticket)|last comment in request #?\S{1,20}|"
    r"(?:anfrage|ticket) \S{1,20} .{0,60}\bzusammengeführt\b|(?:solicitud|ticket) .{0,40}\bse? ?fusionó\b|"
    r"demande .{0,40}\bfusionnée?\b|richiesta .{0,60}\bunita\b|verzoek .{0,60}\bsamengevoegd\b|"
    r"solicitação .{0,60}\bmesclada\b)"
)
SURVEY = (
    r"(?:\b(?:how would you rate the (?:support|help|service)|rate (?:our|your|the) (?:support|conversation|"
    r"experience)|satisfaction survey|(?:good|bad), i['’]?m (?:un)?satisfied|"
    r"how likely are you to recommend|"
    r"wie (?:zufrieden waren|würden) sie .{0,40}(?:support|service|bewerten)|"
    r"encuesta de satisfacción|comment évalueriez-vous|enquête de satisfaction|"
    r"come valut(?:a|eresti|erebbe)\b.{0,30}\b(?:assistenza|supporto)|hoe zou (?:u|je) .{0,40}beoordelen|"
    r"como (?:avalia|você avaliaria)\b.{0,30}\b(?:atendimento|suporte))|¿cómo calificar[ií]as?\b)"
)
DELIVERY_FAILURE = (
    r"\b(?:undelivered mail returned|mail delivery (?:failed|subsystem)|undeliverable|delivery status notification|"
    r"mailer-daemon|"
    r"message (?:could not be|couldn['’]t be|wasn['’]t|was not) delivered|unzustellbar|"
    r"delivery (?:has failed to|to the following recipients?)|mailbox is full and can['’]t accept|"
    r"nachricht konnte nicht (?:zugestellt|übermittelt)|message n['’]a pas pu être (?:remis|distribué|livré)|"
    r"no se (?:pudo|ha podido) entregar (?:el|su|tu) mensaje|impossibile recapitare|"
    r"bericht (?:kon|kan) niet worden (?:bezorgd|afgeleverd)|mensagem não (?:pôde|pode) ser entregue)\b"
)
NOTICES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for kind, pattern in (
        ("delivery_failure", DELIVERY_FAILURE),
        ("merge", MERGE),
        ("survey", SURVEY),
        ("auto_reply", AUTO_REPLY),
        ("acknowledgement", ACKNOWLEDGEMENT),
    )
)
# The subject of a first message that a program wrote.
SUBJECTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "auto_reply",
        re.compile(
            r"^\W{0,2}(?:automatic reply|auto(?:matic)?[ -]?re(?:ply|sponse)|out of (?:the )?office|abwesenheit\w*|"
            r"automatische (?:antwort|nachricht)|réponse automatique|respuesta automática|risposta automatica|"
            r"automatisch antwoord|resposta automática|autosvar|automatyczna odpowiedź)\s?[:：]",
            re.IGNORECASE,
        ),
    ),
    (
        "delivery_failure",
        re.compile(
            r"^\W{0,2}(?:undeliver(?:able|ed)(?: mail)?\b|delivery status notification|mail delivery (?:failed|system)|"
            r"unzustellbar\b|returned mail\b|failure notice|non remis\b|no se puede entregar\b|non recapitabile\b|"
            r"onbestelbaar\b|não é possível entregar\b)",
            re.IGNORECASE,
        ),
    ),
)
# A notice says so at its start; a customer who quotes one further down is still a customer.
LOOKED_AT = 400
# Longer texts that mention "out of office" are about it.
LONGEST_NOTICE = 1500


def notice(text: str, subject: str = "") -> str:
    """Which kind of notice the message is: ``auto_reply``, ``acknowledgement``, …; nothing for a person's words.

    Args:
        text: the message, as plain text.
        subject: of a ticket's first message, which programs mark.
    """
    marked = next((kind for kind, pattern in SUBJECTS if pattern.search(subject)), "")
    if marked or len(text) > LONGEST_NOTICE:
        return marked
    return next((kind for kind, pattern in NOTICES if pattern.search(text[:LOOKED_AT])), "")
