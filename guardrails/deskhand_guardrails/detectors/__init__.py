"""The checks: one file, one check, one test table. Each is registered in ``deskhand_guardrails.registry``."""
