"""One module per help desk (or file form): what it is recognised by, and how its records become tickets."""
