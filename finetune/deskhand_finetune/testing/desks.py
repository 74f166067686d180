"""Help desks whose exports are XML, CSV or documents of their own: Zendesk and Freshdesk XML, Freshservice, Jira,
Salesforce.
"""

from __future__ import annotations

import html
from datetime import datetime
from typing import Any

from deskhand_finetune.testing.shape import (
    AGENT,
    AGENT_NAME,
    CUSTOMER_NAME,
    Part,
    Shape,
    dumped,
    is_customer,
    keeps,
    listed,
    marked_up,
    solved,
    table,
    writer,
)
from deskhand_finetune.tickets.ticket import Message, Ticket, iso

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _element(name: str, text: object) -> str:
    return f"<{name}>{html.escape(str(text), quote=False)}</{name}>"


def _flag(value: bool) -> str:
    return "true" if value else "false"


ZENDESK_STATUS = {"open": 1, "solved": 3, "closed": 4}


def _zendesk_xml(ticket: Ticket) -> str:
    comments = "".join(
        "<comment>"
        + _element("value", message.text)
        + _element("is-public", _flag(message.public))
        + _element("author-id", writer(message, ticket))
        + _element("created-at", iso(message.at))
        + "</comment>"
        for message in ticket.messages
    )
    return (
        "<ticket>"
        + _element("nice-id", ticket.id)
        + _element("requester-id", ticket.customer)
        + _element("subject", ticket.subject)
        + _element("status-id", ZENDESK_STATUS[ticket.status])
        + _element("current-tags", " ".join(ticket.tags))
        + _element("created-at", iso(ticket.created_at))
        + _element("updated-at", solved(ticket) or iso(ticket.messages[-1].at))
        + f'<ticket-field-entries type="array"/><comments type="array">{comments}</comments></ticket>'
    )


FRESHDESK_STATUS = {"open": 2, "solved": 4, "closed": 5}


def _freshdesk_xml(ticket: Ticket) -> str:
    notes = "".join(
        "<helpdesk-note>"
        + _element("body", message.text)
        + _element("body-html", marked_up(message.text))
        + f'<user-id type="integer">{writer(message, ticket)}</user-id>'
        + f'<incoming type="boolean">{_flag(is_customer(message))}</incoming>'
        + f'<private type="boolean">{_flag(not message.public)}</private>'
        + '<deleted type="boolean">false</deleted>'
        + _element("created-at", iso(message.at))
        + "</helpdesk-note>"
        for message in ticket.messages[1:]
    )
    return (
        "<helpdesk-ticket>"
        + _element("id", int(ticket.id) * 10)
        + _element("display-id", ticket.id)
        + _element("subject", ticket.subject)
        + _element("description", ticket.messages[0].text)
        + _element("description-html", marked_up(ticket.messages[0].text))
        + _element("requester-id", ticket.customer)
        + _element("requester-name", CUSTOMER_NAME)
        + _element("responder-id", AGENT)
        + _element("responder-name", AGENT_NAME)
        + _element("status", FRESHDESK_STATUS[ticket.status])
        + '<spam type="boolean">false</spam><to-email nil="true"/>'
        + _element("created-at", iso(ticket.created_at))
        + _element("updated-at", solved(ticket) or iso(ticket.messages[-1].at))
        + f'<helpdesk-notes type="array">{notes}</helpdesk-notes></helpdesk-ticket>'
    )


FRESHSERVICE = ("Subject", "Type", "Status", "Urgency", "Priority", "Group", "Agent", "Description", "Category",
                "Source", "Resolution Note", "Ticket Id", "Requester Name", "Requester Email", "Created Time",
                "Resolved Time", "First Response Time (in Hrs)")  # fmt: skip


def _freshservice(ticket: Ticket) -> list[list[str]]:
    asked, answered = ticket.messages[0], ticket.messages[1]
    status = {"open": "Open", "solved": "Resolved", "closed": "Closed"}[ticket.status]
    mail = f"c{ticket.customer}@mail.example"
    return [[ticket.subject, "Incident", status, "Low", "Low", "", AGENT_NAME, asked.text, "", "Email", answered.text,
             ticket.id, CUSTOMER_NAME, mail, iso(asked.at), iso(answered.at), ""]]  # fmt: skip


def _adf(text: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for line in text.split("\n"):
        content += [*([{"type": "hardBreak"}] if content else []), *([{"type": "text", "text": line}] if line else [])]
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": content}]}


def _person(message: Message, ticket: Ticket) -> dict[str, Any]:
    if is_customer(message):
        return {"accountId": ticket.customer, "displayName": CUSTOMER_NAME, "accountType": "customer"}
    return {"accountId": AGENT, "displayName": AGENT_NAME, "accountType": "atlassian"}


def _jira_time(at: datetime) -> str:
    return iso(at).removesuffix("Z") + ".000+0000"


def _jira(ticket: Ticket, *, wiki: bool) -> str:
    def body(text: str) -> object:
        return text if wiki else _adf(text)

    comments = [
        {
            "id": f"{number}",
            "author": _person(message, ticket),
            "body": body(message.text),
            "created": _jira_time(message.at),
            "jsdPublic": message.public,
        }
        for number, message in enumerate(ticket.messages[1:])
    ]
    done = ticket.status == "solved"
    return dumped({
        "expand": "renderedFields", "id": f"{ticket.id}0", "key": f"HELP-{ticket.id}",
        "fields": {
            "summary": ticket.subject, "description": body(ticket.messages[0].text),
            "reporter": _person(ticket.messages[0], ticket), "labels": list(ticket.tags),
            "status": {"name": "Resolved" if done else "Open", "statusCategory": {"key": "done" if done else "new"}},
            "project": {"key": "HELP", "projectTypeKey": "service_desk"}, "created": _jira_time(ticket.created_at),
            "resolutiondate": _jira_time(ticket.solved_at) if ticket.solved_at else None, "customfield_10010": None,
            "comment": {"comments": comments, "total": len(comments)},
        },
    })  # fmt: skip


def _request(ticket: Ticket) -> str:
    fields = [
        {"fieldId": "summary", "label": "Summary", "value": ticket.subject},
        {"fieldId": "description", "label": "Details", "value": ticket.messages[0].text},
    ]
    return dumped({
        "issueId": f"{ticket.id}0", "issueKey": f"HELP-{ticket.id}", "requestTypeId": "4",
        "reporter": _person(ticket.messages[0], ticket), "requestFieldValues": fields,
        "createdDate": {"iso8601": _jira_time(ticket.created_at), "friendly": "Yesterday"},
        "currentStatus": {"status": "Resolved", "statusCategory": "DONE",
                          "statusDate": {"iso8601": _jira_time(ticket.messages[-1].at)}},
    })  # fmt: skip


def _request_comments(ticket: Ticket) -> str:
    return ",\n".join(
        dumped({
            "_links": {"self": f"https://shop.example/rest/servicedeskapi/request/{ticket.id}0/comment/{number}"},
            "id": f"{number}", "body": message.text, "public": message.public, "author": _person(message, ticket),
            "created": {"iso8601": _jira_time(message.at), "epochMillis": int(message.at.timestamp()) * 1000},
        })
        for number, message in enumerate(ticket.messages[1:])
    )  # fmt: skip


JIRA_CSV = ("Summary", "Issue key", "Issue id", "Issue Type", "Status", "Project key", "Priority", "Resolution",
            "Assignee", "Reporter", "Reporter Id", "Created", "Resolved", "Labels", "Labels", "Description",
            "Attachment", "Custom field (Satisfaction rating)", "Comment", "Comment", "Comment")  # fmt: skip


def _jira_row(ticket: Ticket) -> list[list[str]]:
    def at(moment: datetime | None) -> str:
        return f"{moment:%d/%b/%y} {(moment.hour % 12) or 12}:{moment:%M %p}" if moment else ""

    labels = [*ticket.tags, "", ""][:2]
    comments = [f"{at(message.at)};{writer(message, ticket)};{message.text}" for message in ticket.messages[1:]]
    status = "Resolved" if ticket.status == "solved" else "Open"
    cells = [ticket.subject, f"HELP-{ticket.id}", f"{ticket.id}0", "Service Request", status, "HELP", "Medium", "",
             AGENT_NAME, CUSTOMER_NAME, ticket.customer, at(ticket.created_at), at(ticket.solved_at), *labels,
             ticket.messages[0].text, "", ""]  # fmt: skip
    return [[*cells, *comments]]


CASE = ("Id", "IsDeleted", "CaseNumber", "ContactId", "SuppliedName", "Status", "Subject", "Description", "IsClosed",
        "CreatedDate", "ClosedDate")  # fmt: skip
MAIL = ("Id", "ParentId", "IsDeleted", "Incoming", "FromName", "FromAddress", "Status", "Subject", "TextBody",
        "HtmlBody", "MessageDate")  # fmt: skip
COMMENT = ("Id", "ParentId", "IsPublished", "CommentBody", "CreatedById", "CreatedDate", "IsDeleted")


def _case(ticket: Ticket) -> list[list[str]]:
    closed = ticket.status == "closed"
    return [["500" + ticket.id.rjust(12, "0") + "AAA", "0", ticket.id, ticket.customer, CUSTOMER_NAME,
             "Closed" if closed else "New", ticket.subject, ticket.messages[0].text, _flag(closed),
             iso(ticket.created_at), solved(ticket)]]  # fmt: skip


def _mails(ticket: Ticket) -> list[list[str]]:
    return [
        [f"02s{number}", "500" + ticket.id.rjust(12, "0"), "0", _flag(is_customer(message)),
         CUSTOMER_NAME if is_customer(message) else AGENT_NAME, "someone@mail.example", "3", "", message.text, "",
         iso(message.at)]
        for number, message in enumerate(ticket.messages[1:]) if message.public
    ]  # fmt: skip


def _comments(ticket: Ticket) -> list[list[str]]:
    return [
        [f"00a{number}", "500" + ticket.id.rjust(12, "0"), "false", message.text, AGENT, iso(message.at), "0"]
        for number, message in enumerate(ticket.messages) if not message.public
    ]  # fmt: skip


def _xml(file: str, root: str, text: Any) -> Part:  # noqa: ANN401 - a part's text
    return Part(file, text, f'{XML}<{root} type="array">\n', "\n", f"\n</{root}>\n")


PAGE = '{"size":1,"isLastPage":true,"values":['
SHAPES = (
    Shape(
        "zendesk-xml",
        "zendesk",
        (_xml("tickets.xml", "tickets", _zendesk_xml),),
        keeps("id subject status customer created_at times tags"),
    ),
    Shape(
        "freshdesk-xml",
        "freshdesk",
        (_xml("Tickets0.xml", "helpdesk-tickets", _freshdesk_xml),),
        keeps("id subject status customer created_at times"),
    ),
    Shape(
        "freshservice-csv",
        "freshdesk",
        (table("tickets.csv", FRESHSERVICE, _freshservice),),
        keeps("id subject status created_at times authors"),
        notes=False,
        pairs=True,
    ),
    Shape(
        "jira-adf",
        "jira",
        (listed("issues.json", lambda ticket: _jira(ticket, wiki=False), '{"issues":[', '],"isLast":true}'),),
        keeps("subject tags customer created_at times authors"),
    ),
    Shape(
        "jira-wiki",
        "jira",
        (listed("issues.json", lambda ticket: _jira(ticket, wiki=True), '{"startAt":0,"issues":[', '],"total":1}'),),
        keeps("subject tags customer created_at times authors"),
        plain=True,
    ),
    Shape(
        "jira-servicedesk",
        "jira",
        (
            listed("requests.json", _request, PAGE, "]}"),
            listed("comments.json", _request_comments, PAGE, "]}"),
        ),
        keeps("subject customer created_at times authors"),
        plain=True,
    ),
    Shape(
        "jira-csv",
        "jira",
        (table("issues.csv", JIRA_CSV, _jira_row),),
        keeps("subject tags customer"),
        notes=False,
        unsaid=True,
        plain=True,
    ),
    Shape(
        "salesforce",
        "salesforce",
        (
            table("Case.csv", CASE, _case),
            table("EmailMessage.csv", MAIL, _mails),
            table("CaseComment.csv", COMMENT, _comments),
        ),
        keeps("id subject customer created_at times"),
    ),
)
