"""Markup that only one help desk writes, as plain text: Atlassian documents, wiki markup, Slack's mrkdwn."""
