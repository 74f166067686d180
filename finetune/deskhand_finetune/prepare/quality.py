"""Which answers are worth learning: what the help desk, the customer and the text itself say about them.

The rule, in order; each thing left out is a line of the quarantine under the code in brackets:

- A ticket that the customer rated as bad [bad_rating], or that was reopened three times or more and not rated as good
  [reopened], goes. One reopening says little: thanks for an answer reopen a ticket too.
- An agent's message that the policy's ``toxicity`` detector would hold back from a customer goes [hostile].
- An answer of more than 400 words goes [too_long]: a pasted manual, which is an article and no answer.
- An answer in another language than the question goes [other_language], where both are long enough to tell.
- An answer goes after which the customer says that it did not help [did_not_help].

A good rating counts where copies of a canned reply compete for their places (``fold``).
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from deskhand_finetune.prepare.language import language_of
from deskhand_finetune.tickets.ticket import Ticket
from deskhand_guardrails.detectors.toxicity import Toxicity
from deskhand_guardrails.policy import Policy
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context

MOST_REOPENS = 2
MOST_WORDS = 400
# Below this many letters an answer of product names and paths is taken for another language too often.
ENOUGH_LETTERS = 80

NO_HELP = re.compile(
    r"\b(?:(?:that|this|it|which) (?:did ?n[o'’]t|does ?n[o'’]t|has ?n[o'’]t|did not|does not|has not) "
    r"(?:help|work|solve|fix|change|answer)|(?:still|again) (?:not|does ?n[o'’]t|do ?n[o'’]t|ca ?n[o'’]t|is ?n[o'’]t) "
    r"\w+|not (?:what i (?:asked|meant)|my question|solved|fixed)|same (?:problem|error|issue)(?: again| as before)?|"
    r"das (?:hilft|half) (?:mir )?(?:leider )?nicht|(?:hat|habe) (?:leider )?(?:auch )?nicht (?:geholfen|funktioniert|"
    r"geklappt)|(?:funktioniert|geht|klappt) (?:leider )?(?:immer noch|weiterhin|noch immer) nicht|"
    r"(?:sigue|siguen) sin \w+|no (?:me )?(?:ha )?(?:funciona|funcionó|ayuda|ayudó|ayudado|funcionado)|"
    r"(?:ne (?:marche|fonctionne)|n['’]a) (?:toujours )?pas (?:marché|fonctionné|aidé)?)",
    re.IGNORECASE,
)


def why_poor_ticket(ticket: Ticket) -> str:
    """Why the help desk's own record speaks against the whole ticket: a code, or nothing."""
    if ticket.csat == "bad":
        return "bad_rating"
    if ticket.reopens > MOST_REOPENS and ticket.csat != "good":
        return "reopened"
    return ""


def why_poor_answer(answer: str, asked: str, reply: str) -> str:
    """Why an answer is not worth learning: a code, or nothing.

    Args:
        answer: what the agent wrote.
        asked: what the customer had written before.
        reply: what the customer wrote next; nothing when that was the end.
    """
    if len(answer.split()) > MOST_WORDS:
        return "too_long"
    if _speaks_otherwise(answer, asked):
        return "other_language"
    if NO_HELP.search(reply):
        return "did_not_help"
    return ""


def is_hostile(text: str, policy: Path | None) -> bool:
    """Whether the policy would hold ``text`` back as hostile if the assistant wrote it.

    One pass of the guard model, which the redaction needs anyway: the model remembers its last windows.
    """
    detector = _toxicity(policy)
    return detector is not None and bool(detector.detect(text, Context()))


@functools.lru_cache(maxsize=1)
def _toxicity(folder: Path | None) -> Toxicity | None:
    policy = Policy.load(folder)
    settings = policy.detectors["toxicity"]
    return None if settings.action("output") == "ignore" else Toxicity.build(Setup(settings, "output", policy))


def _speaks_otherwise(answer: str, asked: str) -> bool:
    if min(sum(letter.isalpha() for letter in text) for text in (answer, asked)) < ENOUGH_LETTERS:
        return False
    return language_of(answer) != language_of(asked)
