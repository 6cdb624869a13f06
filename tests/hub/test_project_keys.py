"""A project's own key: given when it is first opened, destroyed once it is closed and its data are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.compose import Hub
from hub.errors import HubError
from hub.openings import destroy_key
from hub.settings import Settings
from pseudonymization.errors import KeyDestroyed
from pseudonymization.keystore import KeyStore, give_project_key


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    made = Hub(Settings(home=tmp_path / "home"))
    KeyStore.create(made.home.keys)
    return made


def test_a_key_is_destroyed_only_when_nothing_needs_it(hub: Hub) -> None:
    with pytest.raises(HubError, match="no project p0001"):
        destroy_key(hub, "p0001")
    given = give_project_key(hub.home.keys, "p0001").derive("project/p0001/person")
    hub.projects.opened("p0001")
    with pytest.raises(HubError, match="hub project close p0001"):
        destroy_key(hub, "p0001")
    hub.projects.closed("p0001")
    data = hub.home.projects / "p0001" / "data"
    data.mkdir(parents=True)
    with pytest.raises(HubError, match="still has data"):
        destroy_key(hub, "p0001")
    assert hub.keystore.derive("project/p0001/person") == given
    data.rmdir()
    assert destroy_key(hub, "p0001").id == given.key_id
    with pytest.raises(KeyDestroyed):
        hub.keystore.derive("project/p0001/person")
    (event,) = hub.ledger.events(table="p0001")
    assert (event.what, event.batch_id) == ("key destroyed", given.key_id)


def test_a_project_of_before_keeps_the_key_that_comes_from_the_root(hub: Hub) -> None:
    hub.projects.opened("p0001")
    hub.projects.closed("p0001")
    with pytest.raises(KeyDestroyed, match="no key of its own"):
        destroy_key(hub, "p0001")
