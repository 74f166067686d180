"""Makes the list of first names that the second look of ``prepare`` reads by.

    python scripts/names/make.py TEXT... > finetune/deskhand_finetune/prepare/first_names.txt

The names are those of Faker (MIT licence) in the locales below. Names that are everyday words go: those that stand in
lower case twice or more in the ``TEXT`` files (help articles, for example), and those of ``NO_NAMES``.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from pathlib import Path

_LOCALES = """
    cs_CZ da_DK de_AT de_CH de_DE en_GB en_IE en_IN en_NZ en_PK en_US es_AR es_CO es_ES es_MX fi_FI fr_BE fr_CA
    fr_CH fr_FR hu_HU it_IT nl_BE nl_NL no_NO pl_PL pt_BR pt_PT ro_RO sv_SE tr_TR yo_NG ha_NG ig_NG
"""
# Months, places, brands and titles that are given as names too, and plain words of languages the texts do not hold.
_NO_NAMES = """
    abril agosto alba alexa amber america amor angel april armani asia august augusta austin autumn avril baron
    basil bay bergen bishop brook brooklyn buddy cal carolina celeste chad charlotte chelsea china cielo claire
    clara cliff conn coral cortana cristal crystal cuba daisy dakota dallas dawn dell denver diamond diego dior
    doctor dolores domingo dominica duke earl earth einar elle england ernst esperanza estrella europa eve florence
    ford france francisco georgia german germany ginger glen gloria guadalupe gun guy hazel heath heide honey
    houston ida india ireland iris israel ivy jackson jasmin jasmine jesus jordan juli july june juni junior kenia
    kenya kiel king lane lily lincoln linde lloyd london lorraine lotus lucia lucky luz madison maestro magdalene
    mai man mar marina mars martini mayo merced mercedes mercury milan miracle misty morgan mozart navidad nevada
    nike north oliva olive orlando oscar otto paris paz pearl pepper phoenix pilar prada prince princess queen ralph
    reina roman romana rosa rose royal ruby rusty sabato sage sandy santa santiago santos senior september siri sky
    sofia sol star stein stella stern storm summer sunny sunshine sydney tage tea tesla thor tommy trinidad trinity
    tulip urban vale valencia venus vera victoria viola violet virginia viva wells west windsor winter wolf zara
"""
NO_NAMES = frozenset(_NO_NAMES.split())
NAME = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-Ž][a-zß-öø-ÿā-ž]{2,}")
WORD = re.compile(r"(?<!\w)[a-zß-öø-ÿ]{3,}(?!\w)")


def names(locale: str) -> set[str]:
    """The first names of one of Faker's locales."""
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    held = [getattr(provider, name) for name in dir(provider) if name.startswith("first_names")]
    return {name for group in held for name in group if isinstance(name, str) and NAME.fullmatch(name)}


def main() -> None:
    words = Counter[str]()
    for file in sys.argv[1:]:
        words.update(WORD.findall(Path(file).read_text(encoding="utf-8", errors="ignore")))
    found = {name for locale in _LOCALES.split() for name in names(locale)}
    kept = sorted(name for name in found if words[name.lower()] < 2 and name.lower() not in NO_NAMES)
    sys.stdout.write("\n".join(kept) + "\n")


if __name__ == "__main__":
    main()
