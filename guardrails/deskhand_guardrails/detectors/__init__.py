"""The checks: one file, one check, one test table. Each has the shape of ``deskhand_guardrails.verdicts.Detector``."""
