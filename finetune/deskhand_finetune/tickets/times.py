"""Points in time as help desks write them, and the made-up ones of conversations that carry none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from deskhand_finetune.tickets.ticket import BadRecord, moment

# Conversations without dates get dates all the same, in their order: a split by time then holds out the last of them.
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}  # fmt: skip
WRITTEN = re.compile(
    r"(?P<a>\d{1,4}|[A-Za-z]{3})[A-Za-z]*\.?[\s./-]+(?P<b>\d{1,2}|[A-Za-z]{3})[A-Za-z]*\.?,?[\s./-]+(?P<c>\d{2,4})"
    r"(?:[,T\s]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?:\.\d+)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"(?:\s*(?:UTC|GMT|Z))?"
)
YEAR_FIRST = re.compile(r"\d{4}/\d{2}/\d{2}\b")
LATEST_SECONDS = 32_503_680_000  # the year 3000; a larger number counts milliseconds


def undated(conversation: int, message: int = 0) -> datetime:
    """The made-up time of a message: a minute per conversation, a second per message."""
    return UNDATED + timedelta(minutes=conversation, seconds=message)


def at(value: object, *, day_first: bool = False) -> datetime:
    """A point in time in any usual form; without an offset it is taken as UTC.

    ISO 8601, seconds or milliseconds since 1970 (numbers or digits), RFC 2822, and dates such as ``31/Jan/26 8:15 AM``,
    ``31.01.2026 08:15``, ``January 31st, 2026``, ``2026/01/31 08:15`` or ``1/31/2026 8:15 AM``; of two numbers that
    could both be the month, ``day_first`` decides, and a point between them means the day comes first.

    Raises:
        BadRecord: it is none of these.
    """
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.replace(".", "", 1).isdigit() and 9 <= len(text.split(".")[0]) <= 14:
            return at(float(text))
        written = WRITTEN.fullmatch(text)
        if written and not text[:4].isdigit():
            return _written(written, day_first=day_first or "." in text.split(" ")[0])
        if YEAR_FIRST.match(text):
            return moment(text.replace("/", "-", 2))
        if re.match(r"(?:[A-Za-z]{3},\s*)?\d{1,2} [A-Za-z]{3} \d{4} ", text):
            try:
                return moment(parsedate_to_datetime(text).isoformat())
            except (ValueError, TypeError, IndexError, OverflowError):
                raise BadRecord("a time cannot be read") from None
    if isinstance(value, int | float) and abs(value) > LATEST_SECONDS:
        return moment(value / 1000)
    return moment(value)


def _written(found: re.Match[str], *, day_first: bool) -> datetime:
    first, second, year = found["a"], found["b"], int(found["c"])
    try:
        if first.isalpha():
            month, day = MONTHS[first.lower()], int(second)
        elif second.isalpha():
            day, month = int(first), MONTHS[second.lower()]
        else:
            day, month = int(first), int(second)
            if month > 12 or (day <= 12 and not day_first):
                day, month = month, day
        hour = int(found["hour"] or 0)
        if found["half"]:
            hour = hour % 12 + (12 if found["half"][0].lower() == "p" else 0)
        year += 2000 if year < 70 else 1900 if year < 100 else 0
        return datetime(year, month, day, hour, int(found["minute"] or 0), int(found["second"] or 0), tzinfo=UTC)
    except (ValueError, KeyError):
        raise BadRecord("a time cannot be read") from None


def is_day_first(values: list[str]) -> bool:
    """Whether a column of dates writes the day before the month, as far as one of them shows it."""
    firsts = [
        int(found["a"]) for value in values if (found := WRITTEN.fullmatch(value.strip())) and found["a"].isdigit()
    ]
    return any(12 < first <= 31 for first in firsts)
