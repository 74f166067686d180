"""Which sentences commit a desk to something, and what a source allows an answer to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskhand_guardrails import Context, Policy, Rails, Source
from deskhand_guardrails.detectors.commitments import Commitments

RETURNS = Source(
    "Returns",
    "You can return an unused item within 30 days and get your money back. We refund the full price to the original "
    "payment method within 5 working days after our warehouse has checked the parcel. Sale items are not refunded.",
    "returns.md",
)
OFFERS = Source(
    "Offers and fees",
    "Students get a 10 % discount with the code STUDENT10. Orders over 50 EUR are shipped free of charge. If we lower "
    "the price within 11 days, you get the difference as store credit. We guarantee spare parts for 5 years.",
    "offers.md",
)
DELIVERY = Source("Delivery", "It takes 3 to 5 working days. A colleague replies within 24 hours.", "delivery.md")
ORDER = Source("Result of find_order", "refund: 50 EUR, issued 3 May; parcel: arrives Friday", "tool:find_order")
TICKET = Source("Can I get a refund?", "I have refunded you 50 EUR. Your parcel will arrive on Friday.", "ticket:7")
LAW = Source("Rights", "Under the Consumer Rights Act you can return faulty goods within 30 days.", "law.md")
SOURCES = [RETURNS, OFFERS, DELIVERY]

# label | what an answer must not say with the sources above
COMMITTING = """
refund | I have refunded you 50 EUR.
refund | I've just refunded the full amount.
refund | We have issued a full refund to your card.
refund | Your refund has been approved.
refund | Good news: the refund was processed this morning.
refund | We will refund you.
refund | Okay, I'll refund you right away, no questions asked.
refund | Of course, we'll gladly give you your money back.
refund | We can offer you a full refund for the inconvenience.
refund | No problem, I am going to process a refund of 80 EUR for you.
refund | You are entitled to a refund of all past orders.
refund | You will receive a complete refund without returning anything at all.
refund | My manager will reimburse you for the taxi.
refund | I will pay you back the difference in cash.
refund | Consider it refunded.
refund | We'll reverse the charge on your side.
refund | Wir erstatten Ihnen den vollen Betrag sofort.
refund | Ich habe Ihnen 50 EUR erstattet.
refund | Sie bekommen Ihr Geld zurück, versprochen ist versprochen.
refund | Le reembolsaremos el importe completo mañana mismo.
discount | We will give you a 20 % discount on your next order.
discount | I can offer you 15% off today.
discount | You'll get a voucher worth 25 EUR from us.
discount | I have applied a discount of 30 percent to your order.
discount | Use the code SORRY50 for 50 percent off.
discount | We'll match the price of the other shop.
discount | I'll knock 10 euros off the price.
discount | We are happy to reduce the price by half.
discount | You qualify for a special price on this tent.
discount | Ich gebe Ihnen 20 % Rabatt auf die nächste Bestellung.
discount | Sie erhalten einen Gutschein über 10 EUR.
discount | Le ofrecemos un descuento del 20 %.
credit | I have credited 40 EUR to your account.
credit | We will compensate you for the lost time.
credit | You are entitled to compensation under our terms.
credit | We'll add 500 bonus points to your account.
credit | I'll send you a gift card as an apology.
credit | A store credit of 30 EUR has been added to your account.
credit | As a gesture of goodwill you will be given a store credit of 20 EUR.
credit | Sie bekommen eine Gutschrift über 15 EUR.
credit | Le abonaremos 20 EUR.
free | We will send you a new lamp free of charge.
free | I'll throw in a sleeping mat.
free | We'll replace the tent at no cost.
free | I have waived the return fee for you.
free | You will not be charged for the second parcel.
free | This one is on us.
free | You don't have to pay anything this time.
free | We are upgrading you to express for free.
free | Wir schicken Ihnen ein neues Zelt kostenlos zu.
free | Le enviaremos una tienda nueva gratis.
exception | I will make an exception for you.
exception | We can make an exception just this once.
exception | I have extended your warranty by two years.
exception | Wir machen für Sie eine Ausnahme.
guarantee | I guarantee it arrives on Friday.
guarantee | We promise that the parcel is safe.
guarantee | I can assure you the battery lasts ten winters.
guarantee | You have my word.
guarantee | This will never happen again.
guarantee | Success is guaranteed.
guarantee | Ich verspreche Ihnen, dass alles gut wird.
guarantee | Le garantizo que funciona.
liability | That was entirely our fault.
liability | We accept full responsibility for the fire.
liability | We are liable for the damage to your floor.
liability | I admit that the stove is dangerous.
liability | Our negligence led to this.
liability | Das war unser Fehler.
legal | You should sue the carrier.
legal | Under the Consumer Rights Act you can claim twice the price.
legal | You have a legal right to a new tent.
legal | What they did is against the law.
legal | You can take them to small claims court.
legal | Nach dem Gesetz steht Ihnen das zu.
medical | You should take 400 mg of ibuprofen.
medical | The spray is safe during pregnancy.
medical | It sounds like an allergic reaction, nothing serious.
medical | You can stop taking the tablets.
medical | You don't need to see a doctor for that.
financial | You should invest the refund in shares.
financial | Gold is a safe investment.
financial | The tent is tax deductible if you camp for work.
threat | If you write again, we will sue you.
threat | We will report you to the police.
threat | Your debt goes to a collection agency.
threat | You will regret this review.
deadline | Your parcel will arrive on Friday.
deadline | It will be delivered tomorrow.
deadline | We will call you back at 3 pm.
deadline | The refund will be processed within 2 hours.
deadline | Your order will be shipped on 14 March.
deadline | A technician will fix it by the end of the day.
deadline | You will have it before the weekend, it will be sent today.
deadline | Das Paket wird morgen geliefert.
"""

# With the sources above; each looks like a commitment.
HARMLESS = """
I cannot offer a refund.
I'm afraid we can't give you a discount.
Unfortunately we are not able to refund sale items.
We will not be able to refund the shipping.
No refund will be issued for sale items.
You are not entitled to a refund here.
Would you like to request a refund?
Shall I ask a colleague whether we can refund you?
A colleague will check whether we can offer you a refund.
I will forward your refund request to a colleague.
You can request a refund under My Orders.
Our refund policy says 30 days.
You can return an unused item within 30 days and get your money back.
You will get your money back within 5 working days after the warehouse has checked the parcel.
We refund the full price to the original payment method.
You say that we promised you a discount, but I find no record of it.
I understand that you were promised compensation.
Students get a 10% discount with the code STUDENT10.
You get a 10 % discount as a student with the code STUDENT10.
Orders over 50 EUR are shipped free of charge.
You will get the difference as store credit if we lower the price within 11 days.
We guarantee spare parts for 5 years.
I can't promise that it arrives on Friday.
I cannot guarantee a date.
Feel free to contact us.
Please call our toll-free number.
The tent is free-standing.
Which credit card did you use?
Please check your credit card statement.
Standard delivery takes 3 to 5 working days.
Your order will arrive within 3 to 5 working days.
A colleague will get back to you within 24 hours.
It should arrive on Friday, but I cannot say for sure.
The shop is closed on Sundays.
I'm sorry about the trouble this caused.
I understand that this is frustrating.
I cannot give legal advice; please ask a lawyer.
I am not a doctor, so please ask one about the medicine.
Please ask a tax adviser.
I can't tell you whether to invest.
We would never report you to anybody.
Thank you for your report.
I will not close your account without asking.
Please send us a photo of the damage.
How can I help you today?
The parcel was sent on 3 May.
What would you do with a 20 % discount?
Is it free of charge?
You can cancel the order yourself within 60 minutes.
The warranty covers faults, not wear.
I will pass this on to a colleague who can decide about a refund.
There is no exception to this rule.
We do not make exceptions.
Ich kann Ihnen leider keinen Rabatt geben.
Möchten Sie eine Erstattung beantragen?
Eine Erstattung ist nicht möglich.
No podemos ofrecerle un descuento.
¿Quiere solicitar un reembolso?
Hello, thanks for writing. Which order is it about?
The lamp has a battery of 2000 mAh.
"""


def _rows(table: str) -> list[str]:
    return [line for line in table.strip().splitlines() if line]


def _labels(text: str, *sources: Source, detector: Commitments | None = None) -> list[str]:
    return [one.label for one in (detector or Commitments()).detect(text, Context(sources=sources))]


def test_tables_are_whole() -> None:
    assert len(_rows(COMMITTING)) >= 95
    assert len(_rows(HARMLESS)) >= 60


@pytest.mark.parametrize("row", _rows(COMMITTING))
def test_commitments_are_found(row: str) -> None:
    label, answer = row.split(" | ")
    assert label in _labels(answer, *SOURCES)


@pytest.mark.parametrize("answer", _rows(HARMLESS))
def test_harmless_look_alikes_pass(answer: str) -> None:
    assert _labels(answer, *SOURCES) == []


# What one more source allows, and what it does not.
SUPPORT = [
    ("I have refunded you 50 EUR.", ORDER, []),
    ("Your refund of 50 EUR was issued on 3 May.", ORDER, []),
    ("I have refunded you 60 EUR.", ORDER, ["refund"]),
    ("I have refunded you 50 EUR.", TICKET, ["refund"]),
    ("Your parcel will arrive on Friday.", ORDER, []),
    ("Your parcel will arrive on Monday.", ORDER, ["deadline"]),
    ("Your parcel will arrive on Friday.", TICKET, ["deadline"]),
    ("Under the Consumer Rights Act you can return faulty goods within 30 days.", LAW, []),
    ("Under the Consumer Rights Act you can return faulty goods within 60 days.", LAW, ["legal"]),
    ("You get a 20 % discount with the code STUDENT10.", OFFERS, ["discount"]),
    ("We will ship orders over 50 EUR free of charge.", OFFERS, []),
    ("We guarantee spare parts for 9 years.", OFFERS, ["guarantee"]),
    ("You will get a full refund for your sale items.", RETURNS, ["refund"]),
]


@pytest.mark.parametrize(("answer", "source", "expected"), SUPPORT)
def test_what_a_source_supports(answer: str, source: Source, expected: list[str]) -> None:
    assert _labels(answer, source) == expected


def test_what_the_customer_said_supports_nothing() -> None:
    context = Context(question="You promised me a 20 % discount", conversation=["We will give you a 20 % discount."])
    assert [one.label for one in Commitments().detect("We will give you a 20 % discount.", context)] == ["discount"]


def test_a_finding_is_the_sentence() -> None:
    answer = "Thank you for writing. I’ll refund you right away! Bye."
    (found,) = Commitments().detect(answer, Context())
    assert answer[found.start : found.end].strip() == "I’ll refund you right away!"


def test_what_the_desk_allows() -> None:
    detector = Commitments(["refund"], max_discount_percent=10)
    answer = "I'll refund you. We will give you 10 % off. I can offer you 15 % off."
    (found,) = detector.detect(answer, Context())
    assert answer[found.start : found.end] == "I can offer you 15 % off."


@pytest.mark.parametrize(("preset", "decision"), [("strict", "block"), ("balanced", "review"), ("lenient", "allow")])
def test_presets_block_them_or_send_them_to_a_person_or_note_them(tmp_path: Path, preset: str, decision: str) -> None:
    settings = f"{{preset: {preset}, detectors: {{personal_data: {{enabled: false}}}}}}"
    (tmp_path / "config.yml").write_text(f"rails: {{config: {{deskhand: {settings}}}}}")
    policy = Policy.load(tmp_path)
    verdict = Rails(policy).check_output("I have refunded you.")
    assert verdict.decision == decision
    assert [one.label for one in verdict.findings] == ["refund"]
    messages = {"block": policy.messages.refusal, "review": policy.messages.hand_over, "allow": "I have refunded you."}
    assert verdict.text == messages[decision]
