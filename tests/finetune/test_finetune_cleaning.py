"""What is left of a message: one row, one habit of mail clients, help desks or people."""

from __future__ import annotations

import time

import pytest

from deskhand_finetune.prepare.answers import why_no_answer
from deskhand_finetune.prepare.clean import clean_text
from deskhand_finetune.prepare.language import language_of
from deskhand_finetune.prepare.notices import notice
from deskhand_guardrails.courtesy import strip_courtesies

SAID = "The lamp does not switch on."

CLEANED: list[tuple[str, str, str]] = [
    # markup
    ("plain text stays", SAID, SAID),
    ("a paragraph", f"<p>{SAID}</p>", SAID),
    ("zendesk's wrapper", f'<div class="zd-comment" dir="auto"><p dir="auto">{SAID}</p></div>', SAID),
    ("paragraphs are apart", "<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
    ("breaks", "<div>One.<br>Two.</div>", "One.\nTwo."),
    ("entities", "<p>It&#39;s 5 &lt; 6 &amp; &euro;9</p>", "It's 5 < 6 & €9"),
    ("hard spaces", "<p>a&nbsp;b</p>", "a b"),
    ("a list", "<p>Steps:</p><ul><li>open</li><li>close</li></ul>", "Steps:\n\n- open\n- close"),
    (
        "a link keeps its address",
        '<p>See <a href="https://x.example/r">returns</a>.</p>',
        "See returns (https://x.example/r).",
    ),
    ("a link that shows it", '<p><a href="https://x.example/r">https://x.example/r</a></p>', "https://x.example/r"),
    ("a mail link", '<p>Write to <a href="mailto:a@x.example">us</a></p>', "Write to us"),
    ("scripts and styles", f"<style>p {{}}</style><script>alert(1)</script><p>{SAID}</p>", SAID),
    ("comments and images", f'<!-- x --><p>{SAID}<img src="t.gif"></p>', SAID),
    ("unclosed tags", f"<div><p>{SAID}<div><b>Why?", f"{SAID}\n\nWhy?"),
    ("a smaller-than sign is no tag", "5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
    # quoted history in HTML
    ("cite block", f'<p>{SAID}</p><blockquote type="cite"><p>Old</p></blockquote>', SAID),
    ("gmail quote", f'<p>{SAID}</p><div class="gmail_quote">On Monday X wrote:<p>Old</p></div>', SAID),
    ("yahoo quote", f'<p>{SAID}</p><div class="yahoo_quoted">Old</div>', SAID),
    ("outlook's mark", f'<p>{SAID}</p><div id="appendonsend"></div><hr><p>From: X</p>', SAID),
    ("outlook's block", f'<p>{SAID}</p><div id="divRplyFwdMsg">From: X</div><div>Old</div>', SAID),
    ("gmail signature", f'<p>{SAID}</p><div class="gmail_signature">Maren</div>', SAID),
    ("a plain blockquote is a quote", f"<blockquote>You said so</blockquote><p>{SAID}</p>", SAID),
    # quoted history in text
    ("quoted lines", f"{SAID}\n\n> Old\n> older", SAID),
    ("quoted lines between", f"> Does it blink?\n{SAID}\n> And now?\nNo.", f"{SAID}\nNo."),
    ("on … wrote", f"{SAID}\n\nOn Mon, Jan 5, 2026 at 9:01 AM Olu <o@x.example> wrote:\n\nOld", SAID),
    ("on … wrote, wrapped", f"{SAID}\n\nOn Mon, Jan 5, 2026 at 9:01 AM Olu Adeyemi\n<o@x.example> wrote:\n> Old", SAID),
    ("on … wrote, in three", f"{SAID}\n\nOn Mon, Jan 5, 2026\nat 9:01 AM Olu Adeyemi\n<o@x.example> wrote:\nOld", SAID),
    ("German", f"{SAID}\n\nAm 05.01.2026 um 09:01 schrieb Olu Adeyemi <o@x.example>:\n> Alt", SAID),
    ("Spanish", f"{SAID}\n\nEl lun, 5 ene 2026 a las 9:01, Olu (<o@x.example>) escribió:\n> Antes", SAID),
    ("French", f"{SAID}\n\nLe lun. 5 janv. 2026 à 09:01, Olu a écrit :\n> Avant", SAID),
    ("a bare introduction", f"{SAID}\n\n2026-01-05 9:01 GMT+01:00 Olu <o@x.example>:\nOld", SAID),
    ("original message", f"{SAID}\n\n-----Original Message-----\nFrom: X\nOld", SAID),
    ("original message, German", f"{SAID}\n\n-----Ursprüngliche Nachricht-----\nVon: X\nAlt", SAID),
    ("outlook headers", f"{SAID}\n\nFrom: Olu <o@x.example>\nSent: Monday\nTo: Maren\nSubject: Lamp\n\nOld", SAID),
    ("outlook headers in bold", f"{SAID}\n\n*From:* Olu\n*Sent:* Monday\n*To:* Maren\n\nOld", SAID),
    ("outlook headers, German", f"{SAID}\n\nVon: Olu\nGesendet: Montag\nAn: Maren\nBetreff: Lampe\n\nAlt", SAID),
    ("outlook headers, Spanish", f"{SAID}\n\nDe: Olu\nEnviado: lunes\nPara: Maren\nAsunto: x\n\nAntes", SAID),
    ("a rule above headers", f"{SAID}\n________________________________\nFrom: Olu\nSent: Monday\n\nOld", SAID),
    ("zendesk's delimiter", f"{SAID}\n\n##- Please type your reply above this line -##\n\nOld", SAID),
    ("zendesk's delimiter on top", f"##- Please type your reply above this line -##\n\n{SAID}", SAID),
    ("the delimiter in German", f"{SAID}\n##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein -##\nAlt", SAID),
    (
        "zendesk's entry",
        f"{SAID}\n\n----------------------------------------------\n\nOlu, Jan 5, 2026, 09:01 CET\n\nOld",
        SAID,
    ),
    (
        "a bare forward is read",
        f"---------- Forwarded message ----------\nFrom: X\nDate: today\nSubject: y\n\n{SAID}",
        SAID,
    ),
    (
        "words that begin alike stay",
        "On Monday I wrote to you.\nNothing came back.",
        "On Monday I wrote to you.\nNothing came back.",
    ),
    (
        "from: in a sentence stays",
        "From: what I read, it is broken.\nIs it?",
        "From: what I read, it is broken.\nIs it?",
    ),
    # signatures
    ("regards", f"{SAID}\n\nBest regards,\nMaren Holt", SAID),
    (
        "kind regards and a card",
        f"{SAID}\n\nKind regards\nMaren Holt\nHolt Ltd.\n12 High Street\n+44 20 7946 0018",
        SAID,
    ),
    ("German regards", f"{SAID}\n\nMit freundlichen Grüßen\nMaren Holt", SAID),
    ("Spanish regards", f"{SAID}\n\nSaludos cordiales,\nMaren", SAID),
    ("the delimiter --", f"{SAID}\n-- \nMaren Holt\nHead of Lamps", SAID),
    ("thanks at the end", f"{SAID}\n\nThanks,\nMaren", SAID),
    (
        "thanks at the start stay",
        "Thanks,\nbut the lamp still does not switch on after the reset you described.",
        "Thanks,\nbut the lamp still does not switch on after the reset you described.",
    ),
    ("a name alone", f"{SAID}\n\nMaren Holt", SAID),
    ("a team", f"{SAID}\n\nYour Lampworks team", SAID),
    ("a phone", f"{SAID}\n\nSent from my iPhone", SAID),
    ("outlook for iOS", f"{SAID}\n\nGet Outlook for iOS", SAID),
    ("a phone, German", f"{SAID}\n\nVon meinem iPhone gesendet", SAID),
    ("a phone, Spanish", f"{SAID}\n\nEnviado desde mi iPhone", SAID),
    ("a sentence like it stays", "Von meiner Frau gesendet", "Von meiner Frau gesendet"),
    (
        "a disclaimer",
        f"{SAID}\n\nThis email and any attachments are confidential and intended for the recipient.",
        SAID,
    ),
    ("a disclaimer, German", f"{SAID}\n\nDiese E-Mail enthält vertrauliche Informationen.\nSonst löschen.", SAID),
    ("a list with hyphens stays", "I tried:\n- a reset\n- a new bulb", "I tried:\n- a reset\n- a new bulb"),
    ("only thanks stays thanks", "Thank you!\nMaren", "Thank you!"),
    ("nothing but a quote is nothing", "> Old", ""),
]


@pytest.mark.parametrize(("text", "left"), [row[1:] for row in CLEANED], ids=[row[0] for row in CLEANED])
def test_clean_text(text: str, left: str) -> None:
    assert clean_text(text, "Maren Holt") == left


def test_the_table_is_whole() -> None:
    assert len(CLEANED) >= 60
    assert len({row[0] for row in CLEANED}) == len(CLEANED)


ANSWER = "Hold the button for five seconds, then plug it in again."

COURTESIES: list[str] = [
    f"Hi Maren,\n\n{ANSWER}",
    f"Dear Ms Holt,\n\n{ANSWER}",
    f"Hello!\n{ANSWER}",
    f"Good morning Maren, {ANSWER}",
    f"Hallo Maren,\n\n{ANSWER}",
    f"Sehr geehrte Frau Holt,\n{ANSWER}",
    f"Hola Maren:\n{ANSWER}",
    f"Hi Maren,\n\nThank you for contacting Lampworks. {ANSWER}",
    f"Thanks for reaching out to us! {ANSWER}",
    f"Vielen Dank für Ihre Nachricht. {ANSWER}",
    f"Hi,\nI am sorry for the trouble. {ANSWER}",
    f"{ANSWER} Let me know if you have any other questions.",
    f"{ANSWER}\n\nPlease don't hesitate to contact us.",
    f"{ANSWER}\n\nIs there anything else I can help you with?",
    f"{ANSWER} Have a great day!",
    f"{ANSWER}\n\nI hope this helps. Have a nice weekend!",
    f"{ANSWER}\n\nBei weiteren Fragen melden Sie sich gern.",
    f"{ANSWER} Si tienes más dudas, escríbenos.",
    f"{ANSWER}\n\nBest regards, Olu",
    ANSWER,
]


@pytest.mark.parametrize("text", COURTESIES)
def test_courtesies_go_and_the_answer_stays(text: str) -> None:
    assert strip_courtesies(text) == ANSWER


@pytest.mark.parametrize("text", ["Hi Maren,\n\nHave a great day!", "Thank you for your patience.", "Hello there!"])
def test_pure_courtesy_leaves_nothing(text: str) -> None:
    assert strip_courtesies(text) == ""


def test_thanks_that_say_something_stay() -> None:
    text = "Thank you for returning the form, so the refund of 20 euros is on its way."
    assert strip_courtesies(text) == text


NOTICES = [
    ("I am currently out of the office until Monday.", "auto_reply"),
    ("Automatic reply: back on the 5th", "auto_reply"),
    ("Ich bin derzeit nicht im Büro.", "auto_reply"),
    ("Respuesta automática: vuelvo el lunes", "auto_reply"),
    ("Your request (1234) has been received and is being reviewed by our staff.", "acknowledgement"),
    ("We have received your message and will get back to you within 24 hours.", "acknowledgement"),
    ("We are getting more messages than usual, so an answer may take longer.", "acknowledgement"),
    ("Ihre Anfrage ist eingegangen.", "acknowledgement"),
    ("This request was closed and merged into request #77.", "merge"),
    ("How would you rate the support you received?", "survey"),
    ("Delivery Status Notification (Failure)", "delivery_failure"),
    ("My parcel has been received damaged.", ""),
    ("I received your message, but the link does not work.", ""),
    ("Can I merge two orders into one?", ""),
]


@pytest.mark.parametrize(("text", "kind"), NOTICES)
def test_notices(text: str, kind: str) -> None:
    assert notice(text) == kind


ANSWERS = [
    (ANSWER, ""),
    ("Yes, please sign in first; guests can use the link in their mail.", ""),
    (
        "Please send us two photos within 14 days of delivery; after that we replace it or give the money back to you.",
        "",
    ),
    (
        "No worries, sending it back is easy: sign in, click Returns Centre, select the item, give a reason, print it.",
        "",
    ),
    ("Could you tell me the order number, please?", "asks_back"),
    ("Could you tell me the order number, please? It starts with FH- and is in your mail.", "asks_back"),
    ("Which email address is the account registered with?", "asks_back"),
    ("Bitte schicken Sie uns die Bestellnummer.", "asks_back"),
    ("I will look into this and get back to you shortly.", "promises"),
    ("I have forwarded your request to our warehouse team.", "promises"),
    ("Glad to hear that it works again now.", "only_courtesy"),
    ("You're very welcome, all the best for the trip.", "only_courtesy"),
    ("It is fixed.", "too_short"),
]


@pytest.mark.parametrize(("text", "reason"), ANSWERS)
def test_which_messages_answer(text: str, reason: str) -> None:
    assert why_no_answer(text) == reason


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my parcel? Tracking <TRACKING_NUMBER_1>", "en"),
        ("Hallo, wo ist meine Bestellung?", "de"),
        ("¿Dónde está mi pedido? Lo necesito ya.", "es"),
        ("refund", ""),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "On " + "word " * 4000,
        "<div>" * 4000 + "deep",
        "From: " * 4000,
        "-" * 20_000,
        "thanks " * 3000,
        "Hi " * 6000 + ",",
        "> " * 10_000,
        "please let us know " * 1000,
    ],
    ids=["introduction", "nesting", "headers", "rule", "thanks", "greeting", "quotes", "closing"],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    cleaned = clean_text(text)
    strip_courtesies(cleaned)
    notice(cleaned)
    why_no_answer(cleaned)
    assert time.process_time() - started < 1.0
