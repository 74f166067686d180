"""Presidio, driven by us: its pattern recognisers and ours, no language model, no torch, no network."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import logging
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from deskhand_guardrails.detectors.spans import Recogniser

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer

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


def analyzer(recognisers: Mapping[str, Recogniser]) -> AnalyzerEngine:
    """An engine with Presidio's pattern recognisers of ``ENTITIES`` and ours.

    Args:
        recognisers: ours, each under a name of its own, which is the entity to ask the engine for. What a recogniser
            finds comes back under the labels of its spans.
    """
    with without_torch():
        import presidio_analyzer as presidio
        from presidio_analyzer import predefined_recognizers as predefined
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    # Both write what they read at lower levels.
    for name in ("presidio-analyzer", "decision_process"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _keep_suffixes_local()
    registry = presidio.RecognizerRegistry(supported_languages=[LANGUAGE])
    for recogniser, _ in ENTITIES.values():
        registry.add_recognizer(getattr(predefined, recogniser)(supported_language=LANGUAGE))
    for name, find in recognisers.items():
        registry.add_recognizer(_wrapped(name, find))
    nlp = {"nlp_engine_name": "no_op", "models": [{"lang_code": LANGUAGE, "model_name": "no_op"}]}
    return presidio.AnalyzerEngine(
        registry=registry,
        nlp_engine=NlpEngineProvider(nlp_configuration=nlp).create_engine(),
        supported_languages=[LANGUAGE],
    )


def _wrapped(name: str, find: Recogniser) -> EntityRecognizer:
    """Our plain function as a recogniser of Presidio's."""
    from presidio_analyzer import LocalRecognizer, RecognizerResult

    class Wrapped(LocalRecognizer):
        def load(self) -> None:
            """Nothing to load."""

        def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:  # noqa: ANN401, ARG002 - Presidio's
            """Presidio's interface: all spans of the recogniser."""
            return [
                RecognizerResult(entity_type=span.label, start=span.start, end=span.end, score=span.score)
                for span in find(text)
            ]

    return Wrapped(supported_entities=[name], supported_language=LANGUAGE, name=name)


def _keep_suffixes_local() -> None:
    """The list of domain suffixes comes from the package; left alone, the first e-mail address downloads one."""
    import tldextract

    # The function that Presidio calls is bound to this one module-level instance.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
