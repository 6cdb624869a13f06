"""The mails that tell of an incident, in the hub's language: how much was found of what, where to look; no data."""

from __future__ import annotations

from hub.incidents.incidents import Tell

_SUBJECTS = {
    "fr": "[hub] Incident {number} : des données identifiantes hors de la zone scellée",
    "en": "[hub] Incident {number}: identifying data outside the sealed zone",
}
_BODIES = {
    "fr": (
        "La recherche de fuites a trouvé quelque chose : {count} lieux.\n\n"
        "Où regarder, sur la machine :\n  hub incident list\n"
        "Les valeurs n'y figurent pas, seulement leur nature et leur lieu.\n"
        'Une fois la cause écartée :\n  hub leaks\n  hub incident close {number} --reason "..."\n'
    ),
    "en": (
        "The search for leaks found something: {count} places.\n\n"
        "Where to look, on the machine:\n  hub incident list\n"
        "Values are not shown there, only their kinds and places.\n"
        'Once the cause is gone:\n  hub leaks\n  hub incident close {number} --reason "..."\n'
    ),
}

_LINK_SUBJECTS = {
    "fr": "[hub] Incident {number} : un numéro, deux personnes",
    "en": "[hub] Incident {number}: one number, two persons",
}
_LINK_BODIES = {
    "fr": (
        "Une livraison donne à deux personnes les mêmes numéros : {count} numéros ou groupes de numéros.\n\n"
        "Rien n'a été réuni : ces numéros sont tenus à l'écart, et leurs lignes n'entrent dans aucun extrait.\n"
        "Où regarder, sur la machine :\n  hub links list\n"
        "Une fois tranché avec le détenteur (voir « hub links settle --help ») :\n"
        '  hub incident close {number} --reason "..."\n'
    ),
    "en": (
        "A delivery gives two persons the same numbers: {count} numbers or groups of numbers.\n\n"
        "Nothing was merged: these numbers are held, and their rows reach no extract.\n"
        "Where to look, on the machine:\n  hub links list\n"
        "Once it is settled with the holder (see `hub links settle --help`):\n"
        '  hub incident close {number} --reason "..."\n'
    ),
}


def leak_letters(language: str) -> Tell:
    """What writes subject and text of an incident of leaks in `language` (`fr` or `en`)."""

    def tell(number: int, places: int) -> tuple[str, str]:
        return _SUBJECTS[language].format(number=number), _BODIES[language].format(number=number, count=places)

    return tell


def link_letters(language: str) -> Tell:
    """What writes subject and text of an incident of links in `language` (`fr` or `en`)."""

    def tell(number: int, count: int) -> tuple[str, str]:
        return (
            _LINK_SUBJECTS[language].format(number=number), _LINK_BODIES[language].format(number=number, count=count)
        )  # fmt: skip

    return tell
