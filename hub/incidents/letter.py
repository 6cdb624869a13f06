"""The mail that tells of an incident, in the hub's language: how much was found of what, where to look; no data."""

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


def leak_letters(language: str) -> Tell:
    """What writes subject and text of an incident of leaks in `language` (`fr` or `en`)."""

    def tell(number: int, places: int) -> tuple[str, str]:
        return _SUBJECTS[language].format(number=number), _BODIES[language].format(number=number, count=places)

    return tell
