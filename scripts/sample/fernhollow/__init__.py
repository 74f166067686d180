"""Writes the help-desk export of Fernhollow, an invented shop for outdoor and home goods.

The flow, module by module: `wording` loads the sentences in `words/*.toml`, `plan` decides which
customer writes when about what, `case` holds one customer's order and filled slots, `letters`
composes messages, `thread` turns a plan entry into a whole conversation, `zendesk` gives it the
shape of a Zendesk export, and `export` writes the files with the ground truth beside them.
"""
