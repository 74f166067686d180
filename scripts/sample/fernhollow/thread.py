"""A plan entry becomes a conversation: who says what, when, and how the ticket ends."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from fernhollow import letters
from fernhollow.case import Case
from fernhollow.letters import Letter
from fernhollow.people import Person
from fernhollow.wording import fill, spin

Channel = Literal["email", "web", "api", "rule", "system"]

_CHANNELS: tuple[Channel, ...] = ("email", "email", "email", "web", "web", "api")

MERGED_AFTER = timedelta(minutes=6)
CLARIFIED = 0.12
THANKED = 0.17
FOLLOWED_UP = 0.1


@dataclass(frozen=True)
class Comment:
    """One message of a ticket."""

    author: Person
    at: datetime
    letter: Letter
    channel: Channel
    public: bool = True


@dataclass
class Thread:
    """A conversation under construction, with a clock that only runs forward."""

    case: Case
    rng: Random
    automated: Person
    now: datetime
    channel: Channel
    subject: str = ""
    comments: list[Comment] = field(default_factory=list)
    answered_at: datetime | None = None
    reopened: bool = False

    @property
    def mail(self) -> bool:
        return self.channel == "email"

    def wait(self, least: int, most: int) -> None:
        """Let between `least` and `most` minutes pass."""
        self.now += timedelta(minutes=self.rng.randint(least, most), seconds=self.rng.randint(1, 59))

    def say(self, author: Person, letter: Letter, channel: Channel | None = None, *, public: bool = True) -> None:
        """Add a comment at the present moment."""
        self.comments.append(Comment(author, self.now, letter, channel or self.channel, public))

    def note(self, text: str) -> None:
        """Add an internal note by the agent."""
        self.say(self.case.agent, letters.simple(text), "web", public=False)

    def rule(self, text: str) -> None:
        """Add a message that a trigger sends in the name of the automated user."""
        filled = fill(text, self.case.speak(self.rng))
        self.say(self.automated, letters.simple(*filled.split("\n\n")), "rule")


def write(case: Case, automated: Person) -> Thread:
    """The whole conversation of the case's plan entry."""
    entry, rng = case.entry, Random(case.entry.voice_seed)
    thread = Thread(case, rng, automated, entry.at, rng.choice(_CHANNELS))
    if entry.outcome == "spam":
        _spam(thread)
    elif entry.outcome == "empty":
        thread.subject = rng.choice(("(no subject)", "", "Hello"))
        thread.say(case.customer, letters.simple(rng.choice((" ", ".", "Hello?"))))
    elif entry.outcome == "deleted":
        thread.subject = "SCRUBBED"
    else:
        _ask(thread)
        {"merged": _merge, "open": _leave_open}.get(entry.outcome, _serve)(thread)
    return thread


def _ask(thread: Thread) -> None:
    case, rng = thread.case, thread.rng
    thread.subject, letter = letters.question(case, rng, mail=thread.mail)
    thread.say(case.customer, letter)
    if rng.random() < 0.3:
        thread.wait(0, 1)
        thread.rule(case.words.noise["ack"])


def _twin(thread: Thread) -> Thread:
    """The beginning of the other ticket of a merged pair, word for word as it is written there."""
    entry = thread.case.entry.twin
    if entry is None:
        raise ValueError(f"ticket {thread.case.entry.id} is not part of a merged pair")
    rng = Random(entry.voice_seed)
    case = replace(thread.case, entry=entry, secrets=[])
    other = Thread(case, rng, thread.automated, entry.at, rng.choice(_CHANNELS))
    _ask(other)
    return other


def _spam(thread: Thread) -> None:
    rng, noise = thread.rng, thread.case.words.noise
    thread.channel = "email"
    thread.subject = rng.choice(noise["spam_subjects"])
    thread.say(thread.case.customer, letters.simple(spin(rng, rng.choice(noise["spam"]))))


def _merge(thread: Thread) -> None:
    first = _twin(thread)
    slots = {"other": str(first.case.entry.id), "subject": first.subject}
    thread.now = thread.case.entry.at + MERGED_AFTER
    text = fill(thread.case.words.noise["merged_into"], slots.__getitem__)
    thread.say(thread.case.agent, letters.simple(text), "web")


def _leave_open(thread: Thread) -> None:
    case, rng = thread.case, thread.rng
    if case.language == "en" and rng.random() < 0.4:
        thread.wait(20, 600)
        thread.say(case.agent, letters.simple(case.words.noise["busy"]), "web")
    if rng.random() < 0.3:
        thread.wait(10, 500)
        _note(thread)


def _serve(thread: Thread) -> None:
    case, rng = thread.case, thread.rng
    if case.entry.twin is not None:
        _receive_twin(thread)
    if rng.random() < 0.14:
        thread.wait(5, 120)
        _note(thread)
    english = case.language == "en"
    if english and rng.random() < 0.06:
        thread.wait(15, 90)
        thread.say(case.agent, letters.simple(case.words.noise["busy"]), "web")
    if english and rng.random() < CLARIFIED:
        _clarify(thread)
    thread.wait(12, 1500)
    macro = english and rng.random() < 0.1
    letter = letters.answer(case, rng, macro=macro)
    thread.say(case.agent, letter, "web")
    thread.answered_at = thread.now
    _afterwards(thread, letter)


def _note(thread: Thread) -> None:
    thread.note(fill(thread.rng.choice(thread.case.words.noise["notes"]), thread.case.speak(thread.rng)))


def _clarify(thread: Thread) -> None:
    case, rng = thread.case, thread.rng
    if case.entry.kind is None:
        return
    ask, tell = rng.choice(case.entry.kind.clarify)
    slot = case.speak(rng)
    thread.wait(10, 500)
    letter = letters.from_agent(case, rng, fill(spin(rng, ask), slot))
    thread.say(case.agent, letter, "web")
    sent = thread.now
    thread.wait(5, 900)
    text = fill(spin(rng, tell), slot)
    thread.say(case.customer, letters.reply(case, rng, text, to=letter, sent=sent, mail=thread.mail))


def _afterwards(thread: Thread, letter: Letter) -> None:
    """Thanks, a second question, a machine's reply, a survey; mostly nothing."""
    case, rng, sent = thread.case, thread.rng, thread.now
    voice, chance = case.words.voices[case.language], rng.random()
    if chance < THANKED:
        thread.wait(3, 1200)
        text = spin(rng, rng.choice(voice["thanks"]))
        thread.say(case.customer, letters.reply(case, rng, text, to=letter, sent=sent, mail=thread.mail))
    elif chance < THANKED + FOLLOWED_UP and case.language == "en":
        ask, tell = rng.choice(case.words.followups)
        thread.wait(10, 1400)
        thread.say(case.customer, letters.reply(case, rng, spin(rng, ask), to=letter, sent=sent, mail=thread.mail))
        thread.wait(10, 700)
        thread.say(case.agent, letters.from_agent(case, rng, spin(rng, tell)), "web")
        thread.reopened = True
    elif chance > 0.97 and thread.mail:
        thread.wait(0, 2)
        text = rng.choice(case.words.noise["out_of_office"])
        colleague = f"office@{case.customer.email.split('@')[1]}"
        if "{colleague}" in text:
            case.secrets.append(("EMAIL_ADDRESS", colleague))
        thread.say(case.customer, letters.simple(text.replace("{colleague}", colleague)))
    if rng.random() < 0.06 and case.language == "en":
        thread.wait(1440, 1500)
        thread.rule(case.words.noise["survey"])


def _receive_twin(thread: Thread) -> None:
    """The internal note that Zendesk leaves in the ticket that stays."""
    second = _twin(thread)
    slots = {"other": str(second.case.entry.id), "subject": second.subject, "text": second.comments[0].letter.as_text()}
    thread.now = second.case.entry.at + MERGED_AFTER
    thread.note(fill(thread.case.words.noise["merged_from"], slots.__getitem__))
    thread.case.secrets += second.case.secrets
