from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from jinja2 import Environment, FileSystemLoader
from jupyterhub.handlers.login import LoginHandler

from governance import OPERATOR, Governance, Person, Role, passwords, utc_now
from governance.tables import metadata
from hub.jupyter.authenticator import HubAuthenticator
from hub.paths import ROOT

PASSWORD = "a long enough phrase"


@pytest.fixture
def governance(engine, monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._stand_in.cache_clear()
    metadata.create_all(engine)
    governance = Governance(engine, utc_now)
    for username, role in {"alice": Role.RESEARCHER, "ada": Role.ADMIN}.items():
        governance.add_person(Person(username, username, frozenset({role})), PASSWORD, OPERATOR)
    return governance


@pytest.fixture
def authenticator(home, governance):
    authenticator = HubAuthenticator(records_file=str(home.records))
    yield authenticator
    authenticator.engine.dispose()


def sign_in(authenticator, username, password=PASSWORD):
    """What the Hub itself calls after its login form."""
    return asyncio.run(
        authenticator.get_authenticated_user(None, {"username": username, "password": password, "_xsrf": "x"})
    )


@pytest.mark.parametrize("username", ["alice", " Alice ", "ada"])
def test_people_sign_in_and_nobody_is_a_hub_admin(authenticator, username):
    user = sign_in(authenticator, username)
    assert user["name"] == username.strip().lower() and user["admin"] is False


def test_an_admin_named_in_the_configuration_still_is_none(home, governance):
    authenticator = HubAuthenticator(records_file=str(home.records), admin_users={"ada"})
    assert sign_in(authenticator, "ada")["admin"] is False


@pytest.mark.parametrize(("username", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("", ""), ("alice", "")])
def test_others_do_not(authenticator, username, password):
    assert sign_in(authenticator, username, password) is None


def test_the_lock_holds_at_the_hub_too(authenticator):
    for _ in range(5):
        assert sign_in(authenticator, "alice", "wrong") is None
    assert sign_in(authenticator, "alice") is None
    assert sign_in(authenticator, "ada") is not None


def test_a_closed_account_is_refused_and_its_session_ends(authenticator, governance):
    user = SimpleNamespace(name="alice")
    assert asyncio.run(authenticator.refresh_user(user))["admin"] is False
    governance.deactivate("alice", "ada")
    handler = SimpleNamespace()
    assert asyncio.run(authenticator.refresh_user(user, handler)) is False and handler._token_authenticated is False
    assert asyncio.run(authenticator.check_allowed("alice")) is False
    assert sign_in(authenticator, "alice") is None
    governance.activate("alice", "ada")
    assert asyncio.run(authenticator.refresh_user(user))
    assert asyncio.run(authenticator.refresh_user(SimpleNamespace(name="stranger"))) is False


def test_sessions_are_looked_at_again_soon(authenticator):
    assert authenticator.auth_refresh_age <= 15 and authenticator.refresh_pre_spawn
    assert authenticator.auth_refresh_strict
    handlers = dict(authenticator.get_handlers(None))
    assert handlers["/login"] is LoginHandler


def test_the_sign_in_page_in_both_languages():
    """With what the Hub's login handler gives."""
    environment = Environment(loader=FileSystemLoader(ROOT / "hub" / "jupyter" / "templates"), autoescape=True)
    page = environment.get_template("login.html").render(
        authenticator_login_url="/hub/login?next=%2F",
        login_error="Invalid username or password",
        xsrf="t",
        username="<b>",
    )
    assert 'action="/hub/login?next=%2F"' in page and 'name="_xsrf" value="t"' in page
    assert "&lt;b&gt;" in page and "<script" not in page
    assert 'role="alert"' in page and "Se connecter" in page and "Sign in" in page
    other = environment.get_template("login.html").render(
        authenticator_login_url="/hub/login", login_error="<i>Try again</i>", xsrf="t", username=""
    )
    assert "&lt;i&gt;Try again" in other and "incorrect" not in other
