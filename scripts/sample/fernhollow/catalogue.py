"""What the shop sells."""

from dataclasses import dataclass
from random import Random

COLOURS = ("green", "moss", "navy", "rust", "sand", "black", "red", "grey", "ochre", "teal")


@dataclass(frozen=True)
class Product:
    """One article: its model name, the everyday word for it, its price range and groups."""

    model: str
    noun: str
    price: int
    groups: frozenset[str] = frozenset()

    def name(self, rng: Random) -> str:
        """The way a customer may call it."""
        return rng.choice((self.noun, self.noun, f"{self.model} {self.noun}"))


def _product(model: str, noun: str, price: int, *groups: str) -> Product:
    return Product(model, noun, price, frozenset(groups))


PRODUCTS = (
    _product("Ridgeline 2", "tent", 249),
    _product("Ridgeline 4", "family tent", 419),
    _product("Tarn", "sleeping bag", 139),
    _product("Brook", "sleeping mat", 79),
    _product("Heron 45", "backpack", 129),
    _product("Wren 18", "daypack", 69),
    _product("Ember", "camp stove", 59, "stove"),
    _product("Cinder Duo", "two-flame stove", 119, "stove"),
    _product("Spark", "gas burner", 34, "stove"),
    _product("Glow", "camping lantern", 45, "lamp"),
    _product("Firefly", "headlamp", 39, "lamp"),
    _product("Dusk", "table lamp", 64, "lamp"),
    _product("Alder", "wool blanket", 89),
    _product("Kettlebrook", "kettle", 42),
    _product("Hearth", "cast-iron pan", 55),
    _product("Larder", "cool box", 99),
    _product("Rowan", "rain jacket", 149, "clothing", "jacket"),
    _product("Storm", "shell jacket", 229, "clothing", "jacket"),
    _product("Thistle", "parka", 259, "clothing", "jacket"),
    _product("Bracken", "fleece", 79, "clothing"),
    _product("Fell", "hiking trousers", 89, "clothing"),
    _product("Moor", "hiking boots", 169, "clothing"),
    _product("Lichen", "base layer", 49, "clothing"),
    _product("Orchard", "garden bench", 279, "furniture"),
    _product("Meadow", "oak table", 449, "furniture"),
    _product("Nook", "armchair", 389, "furniture"),
    _product("Loft", "bookcase", 199, "furniture"),
    _product("Drift", "hammock", 74),
    _product("Pike", "trekking poles", 65),
    _product("Flint", "folding knife", 38),
)


def pick(rng: Random, group: str | None) -> Product:
    """A product of the group, or of the small goods when the problem fits anything."""
    if group:
        return rng.choice([product for product in PRODUCTS if group in product.groups])
    return rng.choice(PRODUCTS)
