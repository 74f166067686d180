"""What can be red-teamed: an OpenAI-compatible server, or a model in this process, guarded or bare.

Each is a ``deskhand_guardrails.redteam.Target``.
"""

from deskhand.redteam.endpoint import Endpoint
from deskhand.redteam.in_process import Bare, Guarded
from deskhand.redteam.opinion import ModelOpinion

__all__ = ["Bare", "Endpoint", "Guarded", "ModelOpinion"]
