"""Numbers and addresses that identify, made so that no living person can bear them.

| what | declared impossible range | why nobody bears it |
|---|---|---|
| NIR / INS | month of birth 13 to 19 | Insee gives 01-12, and 20-42 or 50-99 when the civil record is incomplete |
| telephone | 01 99 00, 02 61 91, 03 53 01, 04 65 71, 05 36 49, 06 39 98 | blocks that Arcep keeps for fiction |
| e-mail | `example.org`, `example.net`, `example.com` and below | reserved by RFC 2606 |

The month rule is that of Insee's schema of the NIR (https://xml.insee.fr/schema/nir.html) and of the table in
https://fr.wikipedia.org/wiki/Numéro_de_sécurité_sociale_en_France: 13 to 19 belong to no case. The control key is
right all the same (complement to 97, Corsica's 2A and 2B counted as 19 and 18), so that a checker accepts them.
Phone blocks: Arcep decision 2018-0881, "numéros réservés aux œuvres audiovisuelles".
"""

from __future__ import annotations

import unicodedata
from hashlib import blake2b

IMPOSSIBLE_MONTHS = range(13, 20)
IMPOSSIBLE_RANGES = {
    "nir": "month of birth 13 to 19 (https://xml.insee.fr/schema/nir.html gives them to nobody)",
    "phone": "01 99 00, 02 61 91, 03 53 01, 04 65 71, 05 36 49, 06 39 98 (kept for fiction by Arcep)",
    "mail": "example.org, example.net, example.com and below (RFC 2606)",
    "cip13": "34009 990 (a fictional series)",
}
FICTION_LANDLINES = ("019900", "026191", "035301", "046571", "053649")
FICTION_MOBILE = "063998"
MAIL_DOMAINS = ("example.org", "example.net", "example.com", "courriel.example.org", "messagerie.example.net")

# 20 was Corsica until 1976; overseas departments take three digits and are left out.
_DEPARTMENTS = [f"{n:02d}" for n in range(1, 96) if n != 20] + ["2A", "2B"]
_COMMUNES = 900
_ORDERS = 999
_PLACES = len(_DEPARTMENTS) * _COMMUNES * _ORDERS
# Coprime with the number of places: neighbours are born far apart, and no two people share a number.
_STRIDE = 54_018_521
_LETTERS = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" * 5)[:256]
_DIGITS = (b"0123456789" * 26)[:256]


def nir_key(body: str) -> int:
    """The control key of a 13-character NIR: 97 minus the number modulo 97, 2A and 2B read as 19 and 18."""
    return 97 - int(body.replace("2A", "19").replace("2B", "18")) % 97


def make_nir(index: int, sex: int, year: int, month: int) -> str:
    """The 15-character NIR of person `index`: unique below 85 million, month in `IMPOSSIBLE_MONTHS`, key right."""
    place = index * _STRIDE % _PLACES
    department, rest = divmod(place, _COMMUNES * _ORDERS)
    commune, order = divmod(rest, _ORDERS)
    impossible = IMPOSSIBLE_MONTHS[(month - 1) % len(IMPOSSIBLE_MONTHS)]
    body = f"{sex}{year % 100:02d}{impossible}{_DEPARTMENTS[department]}{commune + 1:03d}{order + 1:03d}"
    return f"{body}{nir_key(body):02d}"


def wrong_key(nir: str) -> str:
    """The same NIR with another key: well formed, and refused by the control."""
    return f"{nir[:13]}{int(nir[13:]) % 97 + 1:02d}"


def spaced_nir(nir: str) -> str:
    """As people write it: `1 52 13 75 115 012 34`."""
    return f"{nir[0]} {nir[1:3]} {nir[3:5]} {nir[5:7]} {nir[7:10]} {nir[10:13]} {nir[13:]}"


def letters(seed: int, purpose: str, index: int, length: int = 17) -> str:
    """A pseudonym of `length` letters, as claims carry them; the same for the same arguments."""
    raw = blake2b(f"{seed}/{purpose}/{index}".encode(), digest_size=length).digest()
    return raw.translate(_LETTERS).decode("ascii")


def digits(seed: int, purpose: str, index: int, length: int) -> str:
    """A number of `length` digits that does not start with 0; the same for the same arguments."""
    raw = blake2b(f"{seed}/{purpose}/{index}".encode(), digest_size=length).digest()
    found = raw.translate(_DIGITS).decode("ascii")
    return f"{1 + int(found[0]) % 9}{found[1:]}"


def make_ipp(index: int) -> str:
    """The hospital's permanent number of patient `index`: ten digits, unique below 100 million."""
    return f"80{index * 48_271_133 % 100_000_000:08d}"


def make_phone(number: int, *, mobile: bool) -> str:
    """Ten digits in a block reserved for fiction."""
    block = FICTION_MOBILE if mobile else FICTION_LANDLINES[number // 10_000 % len(FICTION_LANDLINES)]
    return f"{block}{number % 10_000:04d}"


def phone_forms(phone: str) -> tuple[str, ...]:
    """The ways people write a ten-digit phone: bare, by spaces, by dots, international with and without spaces."""
    pairs = [phone[place : place + 2] for place in range(0, 10, 2)]
    international = [phone[1], *pairs[1:]]
    return (phone, " ".join(pairs), ".".join(pairs), "+33" + "".join(international), "+33 " + " ".join(international))


def plain(text: str) -> str:
    """Lower-case ASCII letters of a name, for an e-mail address."""
    stripped = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "Oe")).encode("ascii", "ignore")
    return "".join(char for char in stripped.decode("ascii").lower() if char.isalnum())


def make_mail(given: str, family: str, number: int) -> str:
    """An address in a domain reserved for documentation."""
    return f"{plain(given)}.{plain(family)}{number % 97}@{MAIL_DOMAINS[number % len(MAIL_DOMAINS)]}"
