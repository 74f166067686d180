"""Write the sample export that ships with Deskhand.

    python scripts/sample/generate.py
    python scripts/sample/generate.py --tickets 300 --out somewhere

The same seed and number of tickets always give the same bytes.
"""

import argparse
from pathlib import Path

from fernhollow import export

SEED = 20_261_018
TICKETS = 2_400
OUT = Path(__file__).resolve().parents[2] / "integrations" / "deskhand" / "sample"


def main() -> None:
    """Read the options and write the files."""
    parser = argparse.ArgumentParser(description="Write the sample help-desk export of the invented shop Fernhollow.")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write into (default: the shipped sample)")
    parser.add_argument("--tickets", type=int, default=TICKETS, help="number of tickets (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed (default: %(default)s)")
    options = parser.parse_args()
    print(f"{options.out}: {export.write(options.out, seed=options.seed, tickets=options.tickets)}")


if __name__ == "__main__":
    main()
