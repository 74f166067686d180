"""The list of all formats. The more telling a shape is, the earlier it is asked for; bare text comes last."""

from __future__ import annotations

from deskhand_finetune.tickets.desks import (
    chat,
    chatwoot,
    deskhand,
    freshdesk,
    generic,
    helpscout,
    hubspot,
    intercom,
    jira,
    mail,
    reviews,
    salesforce,
    slack,
    tidio,
    transcript,
    zendesk,
)
from deskhand_finetune.tickets.reader import Formats

FORMATS = Formats(
    [
        zendesk.FORMAT,
        freshdesk.FORMAT,
        intercom.FORMAT,
        helpscout.FORMAT,
        jira.FORMAT,
        hubspot.FORMAT,
        salesforce.FORMAT,
        chatwoot.FORMAT,
        tidio.FORMAT,
        slack.FORMAT,
        mail.FORMAT,
        deskhand.FORMAT,
        chat.FORMAT,
        reviews.FORMAT,
        generic.FORMAT,
        transcript.FORMAT,
    ]
)
