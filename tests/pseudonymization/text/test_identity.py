from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pseudonymization.errors import BadIdentity
from pseudonymization.text.identity import Identity

lists = st.lists(st.text(min_size=1, max_size=10), max_size=3).map(tuple)
identities = st.builds(
    Identity,
    names=lists,
    birth_date=st.none() | st.text(max_size=10),
    numbers=lists,
    phones=lists,
    emails=lists,
    addresses=lists,
    relatives=lists,
)


@given(identities)
def test_round_trip(identity: Identity) -> None:
    assert Identity.from_json(identity.to_json()) == identity


def test_absent_and_null_fields_are_empty() -> None:
    assert Identity.from_json('{"names": null, "phones": ["1", null, ""]}') == Identity(phones=("1",))


@pytest.mark.parametrize("text", ["unreadable", "", "[]", '{"names": "Zoé"}', '{"names": [1]}', '{"birth_date": 3}'])
def test_anything_else_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(BadIdentity) as caught:
        Identity.from_json(text)
    assert "Zoé" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_repr_shows_nothing() -> None:
    assert "Zoé" not in repr(Identity(names=("Zoé",)))
