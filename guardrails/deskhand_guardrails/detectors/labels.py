"""The labels of personal data and secrets: one list for the policy, the detectors and the placeholders.

Names are Presidio's where it has one. The order is the precedence: of overlapping finds the first names the place, the
more certain form before the looser one.
"""

from __future__ import annotations

from typing import NamedTuple


class Label(NamedTuple):
    """A kind of personal data."""

    name: str
    threshold: float = 0.5
    """The score from which a find counts. Scores are each recogniser's own; weak forms stay below the line."""
    default: bool = True
    """Whether it is looked for when a policy does not say what to look for."""


PERSONAL = (
    Label("CREDIT_CARD"),
    Label("CARD_DETAILS"),
    Label("IBAN_CODE"),
    Label("CRYPTO"),
    Label("EMAIL_ADDRESS"),
    Label("DATE_OF_BIRTH"),
    Label("US_SSN"),
    Label("NATIONAL_ID"),
    Label("PASSPORT"),
    Label("DRIVER_LICENSE"),
    Label("TAX_ID"),
    Label("MEDICAL_ID"),
    Label("BANK_ACCOUNT"),
    Label("IP_ADDRESS"),
    Label("MAC_ADDRESS"),
    Label("DEVICE_ID"),
    Label("VEHICLE_ID"),
    Label("TRACKING_NUMBER"),
    Label("TICKET_ID"),
    Label("CUSTOMER_ID"),
    Label("PHONE_NUMBER"),
    Label("ORDER_ID"),
    Label("USERNAME"),
    Label("URL"),
    Label("STREET_ADDRESS"),
    Label("PERSON"),
    # When the delivery was promised is what a support answer is about; only dates of birth are personal.
    Label("DATE_TIME", default=False),
)
"""What the ``personal_data`` check knows."""

SECRETS = ("PASSWORD", "API_KEY")
"""What the ``secrets`` check knows."""

THRESHOLDS = {label.name: label.threshold for label in PERSONAL}
DEFAULT_LABELS = tuple(label.name for label in PERSONAL if label.default)
ORDER = (*SECRETS, *THRESHOLDS)
