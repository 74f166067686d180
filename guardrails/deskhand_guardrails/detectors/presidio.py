"""Presidio's pattern recognisers, asked one by one: no language model, no torch, no network.

Its ``AnalyzerEngine`` is left out. Without a language model its part is to look recognisers up, to copy results and to
drop those inside others of the same kind (``spans.merged`` joins them anyway), which took half the time of a text.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from deskhand_guardrails.detectors.spans import Recogniser, Span

if TYPE_CHECKING:
    from presidio_analyzer import PatternRecognizer

LANGUAGE = "en"


class _NoTorch(importlib.abc.MetaPathFinder):
    """Says that torch and transformers are not installed, to imports of this one thread."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> importlib.machinery.ModuleSpec | None:
        """Python's import protocol."""
        if threading.get_ident() == self._thread and fullname.partition(".")[0] in ("torch", "transformers"):
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)
        return None


@contextmanager
def without_torch() -> Iterator[None]:
    """Imports inside load no torch: Presidio and spaCy try to (4 s, 420 MB) and do without it just as well for us."""
    finder = _NoTorch()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


# Presidio's own recognisers that we ask, and the label that each one's entity has with us. Its recognisers for numbers
# of digits only (PESEL, Aadhaar, NHS ...) are not among them: one order number in ten has their check digit by chance.
ENTITIES = {
    "EMAIL_ADDRESS": ("EmailRecognizer", "EMAIL_ADDRESS"),
    "IBAN_CODE": ("IbanRecognizer", "IBAN_CODE"),
    "IP_ADDRESS": ("IpRecognizer", "IP_ADDRESS"),
    "MAC_ADDRESS": ("MacAddressRecognizer", "MAC_ADDRESS"),
    "CRYPTO": ("CryptoRecognizer", "CRYPTO"),
    "US_SSN": ("UsSsnRecognizer", "US_SSN"),
    "US_ITIN": ("UsItinRecognizer", "TAX_ID"),
    "US_MBI": ("UsMbiRecognizer", "MEDICAL_ID"),
    "UK_NINO": ("UkNinoRecognizer", "NATIONAL_ID"),
    "UK_DRIVING_LICENCE": ("UkDrivingLicenceRecognizer", "DRIVER_LICENSE"),
    "ES_NIF": ("EsNifRecognizer", "NATIONAL_ID"),
    "ES_NIE": ("EsNieRecognizer", "NATIONAL_ID"),
    "IT_FISCAL_CODE": ("ItFiscalCodeRecognizer", "NATIONAL_ID"),
    "FI_PERSONAL_IDENTITY_CODE": ("FiPersonalIdentityCodeRecognizer", "NATIONAL_ID"),
    "SG_NRIC_FIN": ("SgFinRecognizer", "NATIONAL_ID"),
    "IN_PAN": ("InPanRecognizer", "TAX_ID"),
}


def recognisers() -> dict[str, Recogniser]:
    """Presidio's pattern recognisers of ``ENTITIES``, by entity; what they find carries our labels."""
    with without_torch():
        from presidio_analyzer import predefined_recognizers as predefined
    # Both write what they read at lower levels.
    for name in ("presidio-analyzer", "decision_process"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _keep_suffixes_local()
    return {
        entity: _find(getattr(predefined, recogniser)(supported_language=LANGUAGE), entity, label)
        for entity, (recogniser, label) in ENTITIES.items()
    }


def _find(recogniser: PatternRecognizer, entity: str, label: str) -> Recogniser:
    """A recogniser of Presidio's as a plain function."""

    def find(text: str) -> Iterator[Span]:
        for result in recogniser.analyze(text, [entity]):
            yield Span(result.start, result.end, label, result.score)

    return find


def _keep_suffixes_local() -> None:
    """The list of domain suffixes comes from the package; left alone, the first e-mail address downloads one."""
    import tldextract

    # The function that Presidio calls is bound to this one module-level instance.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
