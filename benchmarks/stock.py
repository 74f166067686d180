"""The baseline of several benchmarks: Presidio as it comes."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine


def presidio_engine(tagger: type[Any] | None = None) -> AnalyzerEngine:
    """Presidio's default recognisers with its ``no_op`` engine, as its own configuration switches them on.

    Args:
        tagger: an ``EntityRecognizer`` for names, which its default takes from a spaCy model; none without.
    """
    # It loads torch where that is installed (4 s, 420 MB) and does without it just as well.
    hidden = {name: sys.modules.get(name) for name in ("torch", "transformers")}
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # None is Python's own mark of what is not there
    try:
        import presidio_analyzer as presidio
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    finally:
        for name, module in hidden.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    for name in ("presidio-analyzer", "decision_process"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    registry = presidio.RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    registry.remove_recognizer("SpacyRecognizer")
    if tagger is not None:
        registry.add_recognizer(tagger())
    nlp = {"nlp_engine_name": "no_op", "models": [{"lang_code": "en", "model_name": "no_op"}]}
    return presidio.AnalyzerEngine(
        registry=registry, nlp_engine=NlpEngineProvider(nlp_configuration=nlp).create_engine()
    )
