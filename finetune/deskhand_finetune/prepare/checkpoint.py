"""The first stage's files, with a note of how far they are: a run that was killed goes on there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from deskhand_finetune.disk import line_of, write_json
from deskhand_finetune.prepare.conversation import Conversation, LeftOut
from deskhand_finetune.prepare.plan import CONVERSATIONS, LEFT_OUT, STAGE
from deskhand_finetune.tickets import Quarantined

# Tickets between two notes: a second's work or two.
BETWEEN = 64


class Checkpoint:
    """What stands in ``folder`` of the run with this ``fingerprint``; what another run left there is removed."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self.tickets = 0
        """So many are done, in the order of the exports."""
        self.is_done = False
        self._sizes = [0, 0]
        note = folder / STAGE
        held = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
        if held.get("fingerprint") == fingerprint:
            self.tickets, self.is_done, self._sizes = held["tickets"], held["is_done"], held["sizes"]
        else:
            shutil.rmtree(folder)
            folder.mkdir()

    def add(
        self, results: Iterable[tuple[Conversation | None, list[LeftOut]]], unreadable: Iterable[Quarantined]
    ) -> None:
        """Writes the results of the tickets that follow, and at the end the records that could not be read."""
        with (self._folder / CONVERSATIONS).open("ab") as kept, (self._folder / LEFT_OUT).open("ab") as left:
            # What was written after the last note is written again.
            kept.truncate(self._sizes[0])
            left.truncate(self._sizes[1])
            for conversation, left_out in results:
                if conversation is not None:
                    kept.write(line_of(conversation.to_json()))
                left.writelines(line_of(item.to_json()) for item in left_out)
                self.tickets += 1
                if self.tickets % BETWEEN == 0:
                    self._note(kept, left)
            for bad in unreadable:
                item = LeftOut(bad.ticket_id, "unreadable", bad.where).to_json()
                left.write(line_of({**item, "problem": bad.reason}))
            self.is_done = True
            self._note(kept, left)

    def _note(self, *files: BinaryIO) -> None:
        """After the files are on the disk, or a power cut could leave the note alone."""
        for file in files:
            file.flush()
            os.fsync(file.fileno())
        self._sizes = [os.fstat(file.fileno()).st_size for file in files]
        held = {"tickets": self.tickets, "is_done": self.is_done, "sizes": self._sizes}
        write_json({"fingerprint": self._fingerprint, **held}, self._folder / STAGE)
