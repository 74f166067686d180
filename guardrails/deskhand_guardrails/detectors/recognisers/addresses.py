# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Postal addresses by their form: a house number beside a street word, in the ways several countries write them.

English, German, Dutch, French, Spanish, Portuguese, Italian and Polish street words; number, name, town and postcode
without a street word; PO boxes, military post, American "town, state ZIP", British and Canadian postcodes. What follows a
street (flat, town, postcode, country; also on the next lines) is taken along. Not covered: house names without a number
unless "address:" introduces them, towns alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.recognisers.introduced import Introduction
from deskhand_guardrails.detectors.spans import Span, any_of, matches

INTRODUCED = (
    Introduction(
        "STREET_ADDRESS",
        "postcode | post code | postal code | postal | zip | zip code | zipcode | plz | postleitzahl | código postal | codigo postal | cp | c.p. | code postal | cap | cep | kod pocztowy",
        digits=2,
        bare=4,
        most=10,
        spaced=True,
    ),
)

_STREETS = any_of(
    """
    street | avenue | ave | av | road | rd | lane | ln | drive | drv | boulevard | blvd | crescent | cres | highway | hwy | parkway | pkwy | expressway | expy | freeway | fwy | turnpike | tpke | motorway | alley | aly | mews
    terrace | ter | esplanade | causeway | broadway | bypass | underpass | wynd | croft | parade | pde | arcade | quayside | county road | state road | embankment | villas
    """
)
# Everyday words too: before one of these, the name must be written as a name ("2 left earbuds close" is no address).
_EVERYDAY = any_of(
    """
    st | str | dr | pl | place | ct | court | sq | square | way | close | circle | cir | trail | trl | hill | hills | park | row | walk | view | rise | green | gate | quay | wharf | yard | path | pass | plaza | loop | run | ridge | heights | hts | bend
    crossing | pike | turn | vale | dale | point | pointe | cove | trace | meadow | meadows | manor | hollow | glen | grove | gardens | garden | fold | bank | wood | woods | common | commons | lodge | harbour | harbor | haven | island | isle | key | keys
    knoll | landing | mall | mill | mills | mission | mount | mountain | orchard | oval | overpass | plain | plains | port | prairie | ranch | rapids | rest | river | shore | shores | skyway | spring | springs | spur | station | stream | summit | throughway | track | tunnel | union | valley | viaduct | village | ville | vista | well | wells | field | fields | forest | forge | fork | forks | fort | extension | estate | estates | drives | divide | dam | curve | creek | crest | corner | corners | club | cliff | cliffs | center | centers | centre | cape | camp | canyon | brook | brooks | branch | bridge | bottom | bluff | beach | bayou | flat | flats | ford | falls | ferry | freeway | inlet | junction | lake | lakes | light | lights | lock | locks | motorway | neck | parkways | ramp | roads | rue | shoal | square | squares | streets | walks | ways
    """
)
_PLAIN_WORD = r"(?:days?|weeks?|hours?|minutes?|months?|years?|times?|of|on|in|at|to|the|a|an|my|your|our|is|was|and|or|for|per|more|other|items?|people|percent|x|by|this|that|ways?|it|no|only|en|business|working|different|pm|am|stars?|nights?|tickets?|rooms?)"

# Sentences go on after a street; these do not belong to it.
_NOT_A_TOWN = r"(?!(?:I|I'[a-z]+|The|This|That|These|There|It|Its|It's|My|Our|Your|His|Her|We|You|He|She|They|Please|Can|Could|Would|Will|Should|And|But|Or|So|Is|Are|Was|Do|Does|Did|If|When|Where|Why|What|Who|How|Thanks|Thank|Hi|Hello|Dear|Kind|Best|Regards|Cheers|Sincerely|Order|Phone|Tel|Telephone|Mobile|Email|E-mail|Mail|Fax|Contact|Date|Name|Account|Invoice|Total|Note|Subject|Re|Also|For|From|To|In|On|At|By|As|No|Not|Yes|Since|After|Before|Let|Ich|Bitte|Danke|Der|Die|Das|Wir|Und|Gracias|Por|Merci)\b)"
_UK = r"[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRV-Y])"
_CANADA = r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]"
_UK_CODE, _CANADIAN_CODE = rf"{_UK}\s?\d[ABD-HJLNP-UW-Z]{{2}}", rf"{_CANADA}[ -]?\d[ABCEGHJ-NPRSTV-Z]\d"
_CODE = r"(?:GIR\s?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRV-Y])\s?\d[ABD-HJLNP-UW-Z]{2})"
_CANADIAN_CODE = r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d"
_CODE = rf"(?:{_UK_CODE}|{_CANADIAN_CODE}|(?:[A-Z]{{1,2}}[- ])?\d{{4,6}}(?:-\d{{3,4}})?(?:[ ]?[A-Z]{{2}}(?!\w))?|\d{{2}}-\d{{3}}|\d{{3}}[ ]\d{{2}})(?!\w)"
_TOWN = rf"{_NOT_A_TOWN}[A-ZÄÖÜÉÁÅØŁŚŻ][\w'’.\-]*(?:[ \-](?:(?:am|an der|im|in|de|del|di|la|le|sur|upon|on|of|the|en)[ ])?{_NOT_A_TOWN}[A-ZÄÖÜÉÁÅØŁŚŻ][\w'’.\-]*){{0,3}}"
_COUNTRY = r"(?:,?[ \n]{0,2}(?:USA|U\.S\.A\.|United States(?: of America)?|UK|U\.K\.|United Kingdom|England|Scotland|Wales|Ireland|Deutschland|Germany|España|Spain|France|Italia|Italy|Nederland|Netherlands|Österreich|Austria|Schweiz|Switzerland|Canada|Australia|Polska|Poland|Portugal|Belgium|India)\b\.?)?"
_SEPARATOR = r"(?:,[ ]?\n?[ ]?|[ ]?\n[ ]{0,4}|[ ]+)"
_UNIT = r"(?:,?\s{1,2}(?i:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|bldg|building|no|piso|puerta|etage|stock|wohnung|whg|bât|app|int|scala|#)\.?\s?#?\d*[A-Za-zº°ª]?\b){0,2}"
# Up to three parts that end in a postcode, or a code and its town, or one town alone.
_TAIL = (
    rf"{_UNIT}"
    rf"(?:{_SEPARATOR}{_CODE},?[ ]{_TOWN}{_COUNTRY}"
    rf"|(?:{_SEPARATOR}{_TOWN}){{0,3}}?,?\s{{1,2}}(?:[A-Z]{{2,3}}\.?,?\s)?{_CODE}{_COUNTRY}"
    rf"|,[ ]?{_TOWN}(?:,[ ]?(?:[A-Z]{{2}}(?!\w)|{_TOWN}))?{_COUNTRY})?"
)

_NUMBER = r"(?<![\w#$€£.\-/])(?:(?i:flat|unit|apt|apartment|suite|no\.?|number|house|studio)[ ]#?\d{0,4}[A-Za-z]?,?[ ])?\d{1,5}(?:[-/]\d{1,4})?[A-Za-z]?,?[ ]+"
_SIDE = r"(?:(?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\.?[ ]+)?"
_EN = re.compile(
    rf"(?P<value>{_NUMBER}{_SIDE}(?:(?!(?-i:{_PLAIN_WORD})\b)[A-Za-z][\w'’\-]*\.?[ ]+){{1,4}}?{_STREETS}\b\.?(?:[ ]{_SIDE}(?<=[ ])(?:north|south|east|west|n|s|e|w|ne|nw|se|sw)\b\.?)?(?-i:{_TAIL}))",
    re.IGNORECASE,
)
_CAPITAL = r"[A-Z][\w'’\-]*\.?"
_EN_EVERYDAY = re.compile(
    rf"(?P<value>{_NUMBER}(?i:{_SIDE})(?!(?i:{_PLAIN_WORD})\b)(?:{_CAPITAL}[ ]+){{1,3}}?(?=[A-Z])(?i:{_EVERYDAY})(?!\w)\.?{_TAIL})"
)
_NAMED = re.compile(
    rf"(?P<value>{_NUMBER}(?:{_CAPITAL}[ ]){{0,3}}{_CAPITAL}(?:,[ ]?|[ ]?\n[ ]?){_UNIT}(?:{_TOWN}(?:,[ ]?|[ ]?\n[ ]?|[ ])){{1,3}}(?:[A-Z]{{2}}[ ])?(?!(?:19|20)\d\d(?!\w)){_CODE}{_COUNTRY})"
)

_GERMANIC = re.compile(
    rf"(?<!\w)(?P<value>(?:[A-ZÄÖÜ][\wäöüß.\-]*[ \-]){{0,3}}[A-ZÄÖÜ]?[\wäöüß\-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|steig|stieg|graben|markt|chaussee|straat|laan|plein|gracht|singel|gatan|vägen|[ \-]Ring|Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse)\s?\d{{1,4}}(?:\s?[a-zA-Z](?!\w))?(?:[-/]\d{{1,3}})?(?!\w){_TAIL})"
)
_GERMAN_PLACE = re.compile(
    rf"(?<!\w)(?P<value>(?:Am|An der|An den|Im|In der|In den|Auf der|Auf dem|Unter den|Zum|Zur|Beim|Hinter der|Hinter dem|Vor dem)[ ][A-ZÄÖÜ][\wäöüß\-]+(?:[ ][A-ZÄÖÜ][\wäöüß\-]+)?[ ]\d{{1,4}}[a-z]?,?\s{{1,2}}(?:D-)?\d{{5}}[ ]{_TOWN})"
)
_ROMANCE_FIRST = re.compile(
    rf"(?<![\w])(?P<value>\d{{1,4}}(?:\s?(?:bis|ter))?,?\s+(?i:rue|avenue|boulevard|bd|allée|allées|chemin|impasse|place|quai|cours|route|passage|square|villa|faubourg|résidence)\s+(?:(?:de|du|des|la|le|les|d['’]|l['’])\s*){{0,2}}[A-ZÉÈÀ][\w'’éèàç\-]*(?:\s{_NOT_A_TOWN}[A-ZÉÈÀ][\w'’éèàç\-]*){{0,3}}{_TAIL})"
)
_ROMANCE_LAST = re.compile(
    rf"(?<![\w])(?P<value>(?:[Cc]alle|[Cc]/(?=[ ]?[A-Z][a-z]+)|[Aa]venida|[Aa]vda\.?|Av\.|[Pp]laza|Pza\.?|[Pp]aseo|Ronda|Camino|Carretera|Ctra\.|Carrer|Via|Viale|Piazza|Corso|Largo|Vicolo|Strada|Rua|Travessa|Praça|Estrada|ul\.|[Uu]lica|[Aa]leja|al\.|os\.|pl\.)\s?(?:(?:de|del|della|dei|di|da|do|dos|la|las|los|el|san|santa)\s+){{0,3}}[A-ZÁÉÍÓÚŁŚŻ][\wáéíóúñçãõłńśżź'’.\-]*(?:\s(?:(?:de|del|della|di|da|do|y|e)\s)?[A-ZÁÉÍÓÚŁŚŻ][\wáéíóúñçãõłńśżź'’.\-]*){{0,3}},?\s+(?:n[º°.]?\s*|núm\.?\s*)?\d{{1,4}}[a-zA-Z]?(?!\w)(?:[,/ ]{{1,2}}\d{{1,3}}[º°ª]?(?:[ ,]{{0,2}}[A-Z](?!\w))?)?{_TAIL})"
)
_BOX = re.compile(
    rf"\b(?P<value>(?i:P\.?\s?O\.?\s?Box|post office box|GPO Box|Postfach|Apartado(?: de correos)?|Apdo\.?|Casella postale|Postbus)\s+(?:[A-Z]{{1,2}}[ ]?)?\d[\d ]{{0,7}}(?!\w)(?-i:{_TAIL}))"
)
_MILITARY = re.compile(
    r"\b(?P<value>(?:(?:(?:PSC|CMR|Unit)[ ]\d{1,6},?[ ](?:Box|box)[ ]\d{1,6}|USNS[ ]\w+|USNV[ ]\w+|USS[ ]\w+|USCGC[ ]\w+)[,\s]{1,3})?(?:APO|FPO|DPO),?[ ]A[AEP][ ]\d{5}(?:-\d{4})?)(?!\w)"
)
_AMERICAN_TOWN = re.compile(
    rf"(?<!\w)(?P<value>{_TOWN},?[ ](?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY])[ ,]{{1,2}}\d{{5}}(?:-\d{{4}})?)(?!\w)"
)
# Standing alone only with its space: without one an article number looks the same.
_POSTCODE = re.compile(
    rf"(?<![\w\-])(?P<value>{_UK}\s\d[ABD-HJLNP-UW-Z]{{2}}|{_CANADA} \d[ABCEGHJ-NPRSTV-Z]\d)(?![\w\-])"
)
_AFTER_COLON = re.compile(
    rf"\b(?i:(?:(?:shipping|delivery|billing|home|postal|mailing|street|new|old|work|current)[ ])?address|ship(?:ping)? to|deliver(?:y)? to|(?:liefer|rechnungs)?(?:adresse|anschrift)|wohnhaft|dirección(?:[ ]de[ ](?:envío|facturación))?|adresse(?:[ ]de[ ]livraison)?|indirizzo|endereço|adres)[ ]?:[ \t]*\n?[ \t]*(?P<value>(?=[^\n]{{0,80}}\d)(?:{_CAPITAL}|\d)[^\n;?!|<>@]{{6,100}}?)(?=[ ]?(?:\n|$|\.(?:\s|$)|;|\||[ ](?i:and|und|my|i|please|phone|tel|email|e-mail|order)\b))"
)

_LOOSE = (
    _NAMED,
    _GERMANIC,
    _GERMAN_PLACE,
    _ROMANCE_FIRST,
    _ROMANCE_LAST,
    _BOX,
    _MILITARY,
    _AMERICAN_TOWN,
    _POSTCODE,
    _AFTER_COLON,
)


def find(text: str) -> Iterator[Span]:
    """Spans labelled STREET_ADDRESS."""
    yield from matches(_EN, text, "STREET_ADDRESS", 0.7)
    yield from matches(_EN_EVERYDAY, text, "STREET_ADDRESS", 0.7)
    for pattern in _LOOSE:
        yield from matches(pattern, text, "STREET_ADDRESS", 0.7)
