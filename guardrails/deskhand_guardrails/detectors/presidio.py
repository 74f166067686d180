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
from types import ModuleType
from typing import TYPE_CHECKING

from deskhand_guardrails.detectors.spans import Recogniser, Span

if TYPE_CHECKING:
    from presidio_analyzer import PatternRecognizer

LANGUAGE = "en"


class _Nothing(type):
    """A class whose every attribute is itself: what spaCy's names stand for to code that only mentions them."""

    def __getattr__(cls, name: str) -> _Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls


class _Name(metaclass=_Nothing):
    def __init__(self, *args: object, **options: object) -> None:
        """Takes what a decorator of spaCy's registry takes."""

    def __call__(self, decorated: object) -> object:
        return decorated


class _Mention(ModuleType):
    """A module that holds every name, and nothing behind it."""

    def __getattr__(self, name: str) -> type[_Name]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name


class _Without(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """To imports of this one thread: torch and transformers are not installed, spaCy and thinc are names alone."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> importlib.machinery.ModuleSpec | None:
        """Python's import protocol."""
        package = fullname.partition(".")[0]
        if threading.get_ident() != self._thread:
            return None
        if package in ("torch", "transformers"):
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if package in _MENTIONED else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Python's import protocol."""
        return _Mention(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Python's import protocol: there is nothing to run."""


_MENTIONED = ("spacy", "thinc")


def _predefined() -> ModuleType:
    """Presidio's recognisers, without what only its language models need (6 s and 450 MB with torch, 1 s and 30 MB of
    spaCy without).

    Unless the program has Presidio already, this copy is ours alone: whoever imports Presidio later gets a whole one.
    """
    if "presidio_analyzer" in sys.modules:
        from presidio_analyzer import predefined_recognizers

        return predefined_recognizers
    finder, before = _Without(), set(sys.modules)
    sys.meta_path.insert(0, finder)
    try:
        from presidio_analyzer import predefined_recognizers
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in ("presidio_analyzer", *_MENTIONED):
                del sys.modules[name]
    return predefined_recognizers


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
    predefined = _predefined()
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
