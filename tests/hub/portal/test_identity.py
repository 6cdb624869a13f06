"""Signing in through the Hub: the real portal, the real HubOAuth, a Hub that answers from here."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from jupyterhub.services.auth import HubOAuth
from starlette.testclient import TestClient
from tornado.web import HTTPError

from hub.portal import PortalSettings, create_app
from hub.portal.identity import SESSION, HubIdentity
from hub.portal.seal import Seal

PREFIX = "/services/portal"
SETTINGS = PortalSettings(secret=b"k" * 32)


class FakeHub(HubOAuth):
    """Knows one code and one token."""

    down = False
    verifiers: list[str]

    async def _token_for_code(self, code, code_verifier=None):
        if self.down or code != "good-code":
            raise HTTPError(500, "no")
        self.verifiers.append(code_verifier)
        return "token-of-alice"

    async def _check_hub_authorization(self, url, api_token, cache_key=None, use_cache=True):
        if self.down:
            raise HTTPError(500, "no")
        return {"name": "alice", "kind": "user"} if api_token == "token-of-alice" else None


@pytest.fixture
def oauth(monkeypatch) -> FakeHub:
    for name, value in {
        "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api",
        "JUPYTERHUB_API_TOKEN": "service-token",
        "JUPYTERHUB_CLIENT_ID": "service-portal",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX + "/",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": PREFIX + "/oauth_callback",
        "JUPYTERHUB_HOST": "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("hub.portal.identity.HubOAuth", FakeHub)
    return FakeHub()


@pytest.fixture
def identity(oauth) -> HubIdentity:
    identity = HubIdentity.from_environment(SETTINGS)
    identity.oauth.verifiers = []
    return identity


@pytest.fixture
def app(site, identity) -> FastAPI:
    return create_app(
        governance=site.governance,
        catalogue=list,
        projects=site.projects,
        identity=identity,
        settings=SETTINGS,
    )


@pytest.fixture
def browser(app) -> TestClient:
    return TestClient(app, follow_redirects=False, raise_server_exceptions=False)


def to_the_hub(browser, path="/projects?lang=en"):
    away = browser.get(PREFIX + path)
    assert away.status_code == 303
    address = urlsplit(away.headers["location"])
    return address, {name: values[0] for name, values in parse_qs(address.query).items()}, away


def test_there_and_back(browser, identity):
    address, query, away = to_the_hub(browser)
    assert address.path == "/hub/api/oauth2/authorize"
    assert query["client_id"] == "service-portal" and query["redirect_uri"] == PREFIX + "/oauth_callback"
    assert query["code_challenge_method"] == "S256"
    cookie = away.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and f"path={PREFIX}/" in cookie
    back = browser.get(f"{PREFIX}/oauth_callback?code=good-code&state={query['state']}")
    assert back.status_code == 303 and back.headers["location"] == PREFIX + "/projects?lang=en"
    assert "token-of-alice" not in str(back.headers)
    assert browser.get(PREFIX + "/projects").status_code == 200
    assert len(identity.oauth.verifiers) == 1 and identity.oauth.verifiers[0] not in str(away.headers)


@pytest.mark.parametrize("change", ["other state", "no state", "no cookie", "no code"])
def test_a_callback_that_this_browser_did_not_begin_is_refused(browser, change):
    _, query, _ = to_the_hub(browser)
    sent = {"code": "good-code", "state": query["state"]}
    match change:
        case "other state":
            sent["state"] = query["state"][:8] + "x" * 24
        case "no state":
            del sent["state"]
        case "no cookie":
            browser.cookies.clear()
        case "no code":
            del sent["code"]
    assert browser.get(PREFIX + "/oauth_callback", params=sent).status_code == 400
    assert browser.get(PREFIX + "/projects").status_code == 303


def test_two_tabs_can_sign_in_at_once(browser):
    _, first, _ = to_the_hub(browser, "/catalogue")
    _, second, _ = to_the_hub(browser, "/projects")
    one = browser.get(f"{PREFIX}/oauth_callback?code=good-code&state={first['state']}")
    two = browser.get(f"{PREFIX}/oauth_callback?code=good-code&state={second['state']}")
    assert [one.headers["location"], two.headers["location"]] == [PREFIX + "/catalogue", PREFIX + "/projects"]


def test_a_forged_or_revoked_session_signs_in_again(browser, identity):
    browser.cookies.set(SESSION, "forged", path=PREFIX + "/")
    assert browser.get(PREFIX + "/").status_code == 303
    browser.cookies.clear()
    browser.cookies.set(SESSION, identity.seal.shut("revoked-token"), path=PREFIX + "/")
    assert browser.get(PREFIX + "/").status_code == 303
    browser.cookies.clear()
    browser.cookies.set(SESSION, identity.seal.shut("token-of-alice"), path=PREFIX + "/")
    assert browser.get(PREFIX + "/").status_code == 200


def test_a_closed_account_is_refused_at_once(browser, identity, site):
    browser.cookies.set(SESSION, identity.seal.shut("token-of-alice"), path=PREFIX + "/")
    assert browser.get(PREFIX + "/").status_code == 200
    site.governance.deactivate("alice", "ada")
    assert browser.get(PREFIX + "/").status_code == 403


def test_a_hub_that_does_not_answer_is_said(browser, identity):
    browser.cookies.set(SESSION, identity.seal.shut("token-of-alice"), path=PREFIX + "/")
    identity.oauth.down = True
    answer = browser.get(PREFIX + "/", headers={"accept-language": "en"})
    assert answer.status_code == 502 and "does not answer" in answer.text


def test_signing_out_forgets_the_session(browser, identity, send):
    browser.cookies.set(SESSION, identity.seal.shut("token-of-alice"), path=PREFIX + "/")
    gone = send(browser, "/", "/sign-out")
    assert gone.headers["location"] == "/hub/logout"
    assert f'{SESSION}="";' in gone.headers["set-cookie"]


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example", "/hub/home", PREFIX + "/\\evil"])
def test_nobody_is_sent_elsewhere_after_signing_in(identity, onward):
    assert identity._local(onward) == PREFIX + "/"


def test_secrets_stay_out_of_reprs():
    assert "kkkk" not in repr(SETTINGS) and "kkkk" not in repr(Seal(SETTINGS.secret))
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(b"short")
