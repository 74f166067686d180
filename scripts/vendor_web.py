"""Fetches the web assets that the package ships, pinned by version and checked by hash.

Run from anywhere, with ``npm`` on the path; ``--print`` shows the hashes of what the registry has, for an update::

    python scripts/vendor_web.py
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "integrations" / "deskhand" / "web" / "static" / "vendor"

# package@version -> sha256 of its tarball, and the files to keep: path in the tarball -> name here.
PACKAGES: dict[str, tuple[str, dict[str, str]]] = {
    "deep-chat@2.4.2": (
        "977dc584146b62a68d9d44b64f5ffe1df65deaa846d1dd2201d24b9ffefed4b4",
        {"dist/deepChat.bundle.js": "deep-chat.js", "LICENSE": "deep-chat.LICENSE.txt"},
    ),
    "htmx.org@2.0.11": (
        "165a2655073e9e6e55e307a7c74e8ebcdb76afb7701f9c16cfd106a13add408e",
        {"dist/htmx.min.js": "htmx.js", "LICENSE": "htmx.LICENSE.txt"},
    ),
    "@picocss/pico@2.1.1": (
        "4affbb56f49df6d5325610b06762156f1dcdbc6ef57cea5c136d7e8a00a8cd24",
        {"css/pico.min.css": "pico.css", "LICENSE.md": "pico.LICENSE.txt"},
    ),
}


def main() -> None:
    """Replaces the vendored files; stops before writing anything when a hash differs."""
    found = {package: _tarball(package) for package in PACKAGES}
    hashes = {package: hashlib.sha256(content).hexdigest() for package, content in found.items()}
    if "--print" in sys.argv:
        print("\n".join(f"{package} {digest}" for package, digest in hashes.items()))
        return
    if wrong := [package for package, digest in hashes.items() if digest != PACKAGES[package][0]]:
        sys.exit(f"not what was pinned, nothing written: {', '.join(wrong)}")
    VENDOR.mkdir(parents=True, exist_ok=True)
    for package, (_, files) in PACKAGES.items():
        with tarfile.open(fileobj=io.BytesIO(found[package])) as archive:
            for source, name in files.items():
                member = archive.extractfile(f"package/{source}")
                assert member is not None, source
                (VENDOR / name).write_bytes(member.read())
                print(f"{package}: {name}")


def _tarball(package: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", package, "--silent", "--pack-destination", folder], check=True)
        return next(Path(folder).glob("*.tgz")).read_bytes()


if __name__ == "__main__":
    main()
