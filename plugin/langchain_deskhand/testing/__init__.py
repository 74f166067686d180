"""Fakes for tests of everything that talks to a chat model: no download, no network, no chance.

::

    model = ScriptedChatModel(answers=[call("find_order", number="10023"), "It is on its way."], chunk_size=4)
    model.invoke("Where is my parcel?").tool_calls    # [{"name": "find_order", "args": {"number": "10023"}, …}]
    model.received[-1][-1].content                    # "Where is my parcel?": what the model was given

    store = RecordingStore()                          # what ChatDeskhand and DeskhandMiddleware record
    ear = Eavesdropper()                              # what callbacks and tracers hear: {"callbacks": [ear]}
    case = planted(seed)                              # a conversation with something in it that must not leak
    leaked(everything_shown, case.planted)            # 0
"""

from langchain_deskhand.testing.eavesdropper import Eavesdropper
from langchain_deskhand.testing.planted import KINDS, Kind, Planted, leaked, planted
from langchain_deskhand.testing.recording import RecordingStore
from langchain_deskhand.testing.scripted import Answer, Script, ScriptedChatModel, call
from langchain_deskhand.testing.ways import WAYS, shown

__all__ = [
    "KINDS",
    "WAYS",
    "Answer",
    "Eavesdropper",
    "Kind",
    "Planted",
    "RecordingStore",
    "Script",
    "ScriptedChatModel",
    "call",
    "leaked",
    "planted",
    "shown",
]
