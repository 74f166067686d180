"""``python -m deskhand`` is the ``deskhand`` command."""

from deskhand.cli import main

if __name__ == "__main__":
    main()
