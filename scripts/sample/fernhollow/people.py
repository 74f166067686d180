"""The people of the help desk: agents, customers and the firms some of them write for."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from fernhollow import identifiers

FIRST_USER_ID = 360_004_120_000
AUTOMATED_ID = FIRST_USER_ID + 99

_NAMES = {
    "en": (
        (
            "Oliver Harriet Edith Graham Nigel Imogen Callum",
            "Ashworth Pemberton Holloway Thackeray Bexley Whitcombe Tunstall",
        ),
        ("Aoife Cillian Niamh Padraig Saoirse Eamon", "O'Rourke Gallagher Brannigan Kavanagh Doherty McEvoy"),
        ("Priya Arjun Ananya Rohan Deepika Vikram", "Raghunathan Chatterjee Deshmukh Nair Bhattacharya Iyer"),
        ("Chiamaka Emeka Ngozi Tunde Folake Obinna", "Okonkwo Adeyemi Eze Balogun Nwosu Abiola"),
        ("Mei Junjie Xiuying Wei Lihua Haoran", "Zhang Huang Ouyang Xu Cheung Liao"),
        ("Yuki Haruto Sakura Kenji Aiko Daichi", "Tanaka Fujimoto Watanabe Ishikawa Nakagawa Hoshino"),
        ("Fatima Yusuf Layla Omar Samira Khalid", "Al-Masri Haddad Benali Rahmani Qasim Khoury"),
        ("Zofia Piotr Agnieszka Tomasz Kinga Wojciech", "Kowalczyk Nowicka Zielinska Wojcik Lewandowska Mazurek"),
        ("Ingrid Lars Astrid Sven Freja Anders", "Lindqvist Halvorsen Bergstrand Nygaard Solheim Dahlgren"),
        ("Camille Thibault Manon Etienne Solène Lucien", "Dubreuil Lefèvre Marchand Fontaine Girardot Chevallier"),
        ("Giulia Matteo Chiara Lorenzo Alessia Davide", "Ferrarini Bellucci Moretti Santoro Colombini Galli"),
        ("Linh Minh Thuy Quang Huong Duc", "Nguyen Pham Truong Dang Huynh Vo"),
        ("Thandiwe Sipho Nomvula Themba Zanele Bongani", "Mkhize Dlamini Nkosi Khumalo Zulu Mabaso"),
        ("Eleni Nikos Despina Stavros Katerina Yannis", "Papadakis Georgiou Makris Stavridis Nikolaidis Vlahos"),
        ("Leilani Kai Moana Keoni Malia Nalani", "Kealoha Kahale Mahoe Akana Palakiko Kamaka"),
        ("Emre Elif Zeynep Mehmet Ayşe Burak", "Yıldız Demirci Kaplan Öztürk Aydın Şahin"),
    ),
    "de": (
        (
            "Annika Jürgen Sabine Torsten Heike Matthias Ulrike Florian Katrin Steffen",
            "Brinkmann Schäfer Oberländer Krüger Hoffstetter Weidner Lütke Zimmermann",
        ),
        ("Derya Murat Selin Cem", "Yıldırım Aksoy Kaya Polat"),
    ),
    "es": (
        (
            "Lucía Javier Marisol Andrés Pilar Gonzalo Carmen Rubén Inés Alejandro",
            "Ibáñez Quintero Saavedra Montenegro Peñalver Castañeda Robledo Echeverría",
        ),
        ("Ximena Mateo Guadalupe Ramiro", "Huamán Quispe Villalobos Cárdenas"),
    ),
}
_AGENTS = (
    "Marta Lindholm",
    "Dev Kapoor",
    "Hannah Osei",
    "Tobias Renner",
    "Siobhan Keane",
    "Rafael Duarte",
    "Naoko Shimizu",
    "Greta Vandermeer",
)
_MAILBOXES = ("mail.example", "post.example", "inbox.example", "webmail.example", "letters.example")
_FIRMS = (
    "Highfell Guides",
    "Kestrel Outfitters",
    "Bramble & Birch",
    "Northlight Hostels",
    "Cove Camping",
    "Tallow Street Design",
    "Summit School Trust",
    "Lakeside Rentals",
    "Pinecone Nursery",
    "Harbour Film Crew",
    "Old Mill Events",
    "Granite Rescue Team",
)


@dataclass(frozen=True)
class Person:
    """A user of the help desk."""

    id: int
    name: str
    email: str
    role: str
    language: str
    phone: str
    created: datetime
    organization: int | None = None

    @property
    def first(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True)
class Firm:
    """A company whose staff writes to the shop."""

    id: int
    name: str

    @property
    def domain(self) -> str:
        return "".join(char for char in self.name.lower() if char.isalnum()) + ".example"


def plain(text: str) -> str:
    """Lower-case ASCII letters of a name, for mail addresses."""
    folded = unicodedata.normalize("NFKD", text.replace("ı", "i")).encode("ascii", "ignore").decode()
    return "".join(char for char in folded.lower() if char.isalnum())


def firms() -> list[Firm]:
    """The business customers."""
    return [Firm(360_000_700_000 + number * 31, name) for number, name in enumerate(_FIRMS)]


def agents(opened: datetime) -> list[Person]:
    """The eight people who answer."""
    staff = []
    for number, name in enumerate(_AGENTS):
        email, role = f"{plain(name.split()[0])}@fernhollow.example", "agent" if number else "admin"
        staff.append(Person(FIRST_USER_ID + number, name, email, role, "en", "", opened))
    return staff


def automated(opened: datetime) -> Person:
    """The user in whose name triggers and automations write."""
    return Person(AUTOMATED_ID, "Fernhollow Automations", "automations@fernhollow.example", "agent", "en", "", opened)


def customer(rng: Random, *, number: int, language: str, created: datetime, firm: Firm | None) -> Person:
    """One invented customer; `number` makes the id and the address unique."""
    firsts, lasts = rng.choice(_NAMES[language])
    first, last = rng.choice(firsts.split()), rng.choice(lasts.split())
    given, family = plain(first), plain(last)
    local = rng.choice((f"{given}.{family}", f"{given[0]}{family}", f"{family}.{given}"))
    domain = firm.domain if firm else rng.choice(_MAILBOXES)
    return Person(
        id=FIRST_USER_ID + 1000 + number * 7,
        name=f"{first} {last}",
        email=f"{local}{number % 97 or ''}@{domain}",
        role="end-user",
        language=language,
        phone=identifiers.phone(rng, language),
        created=created - timedelta(minutes=rng.randint(0, 400_000) if rng.random() < 0.5 else 0),
        organization=firm.id if firm else None,
    )


def other_name(rng: Random, language: str) -> str:
    """The full name of somebody else, such as the person a parcel is addressed to."""
    firsts, lasts = rng.choice(_NAMES[language])
    return f"{rng.choice(firsts.split())} {rng.choice(lasts.split())}"
