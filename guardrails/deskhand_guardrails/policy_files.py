"""A policy folder's files: our section of its YAML, and the digest that tells one policy from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

SECTION = "rails.config.deskhand"


def section(home: Path, faults: list[str]) -> tuple[str, dict[str, Any]]:
    """Our section and the file that it stands in; faults of the files around it are added to ``faults``."""
    sections: list[tuple[str, dict[str, Any]]] = []
    configured = False
    for path, content in _documents(home, faults):
        configured = True
        if str(content.get("colang_version", "1.0")) != "1.0":
            faults.append(f"{path}: colang_version: only 1.0 is supported")
        if content.get("enable_rails_exceptions"):
            faults.append(f"{path}: enable_rails_exceptions: not supported, because it makes checks crash")
        rails = content.get("rails") or {}
        faults.extend(
            f"{path}: rails.{name}.parallel: not supported, because parallel rails lose changes"
            for name in ("input", "output")
            if isinstance(rails, dict) and isinstance(rails.get(name), dict) and rails[name].get("parallel")
        )
        ours = (rails.get("config") or {}).get("deskhand") if isinstance(rails, dict) else None
        if isinstance(ours, dict):
            sections.append((path, ours))
        elif ours is not None:
            faults.append(f"{path}: {SECTION}: must be a mapping")
    if not configured and not faults:
        faults.append("holds no config.yml")
    if len(sections) > 1:
        faults.append(f"{SECTION} is in {' and in '.join(path for path, _ in sections)}; keep it in one file")
    return sections[0] if sections else ("config.yml", {})


def digest(home: Path, settled: str) -> str:
    """SHA-256 over the folder's files and ``settled``, what they amount to (first 16 hexadecimal digits)."""
    sha = hashlib.sha256(settled.encode())
    for path in _files(home):
        sha.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()[:16]


def differs_in_settings_only(home: Path, other: Path) -> bool:
    """Whether both folders hold the same files, and all that differs in them is our section."""
    mine, theirs = ({path.relative_to(folder): path for path in _files(folder)} for folder in (home, other))
    return mine.keys() == theirs.keys() and all(
        path.read_bytes() == theirs[name].read_bytes()
        or (path.suffix in (".yml", ".yaml") and _without_section(path) == _without_section(theirs[name]))
        for name, path in mine.items()
    )


def _without_section(path: Path) -> object:
    """A file's content as YAML reads it, without our section."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        del content["rails"]["config"]["deskhand"]
    except (KeyError, TypeError):
        return content
    return content


def _documents(home: Path, faults: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in _files(home):
        if path.suffix not in (".yml", ".yaml"):
            continue
        name = path.relative_to(home).as_posix()
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            faults.append(f"{name}: not YAML" + (f" (line {mark.line + 1})" if mark else ""))
            continue
        if isinstance(content, dict):
            yield name, content
        elif content is not None:
            faults.append(f"{name}: must be a mapping")


def _files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
