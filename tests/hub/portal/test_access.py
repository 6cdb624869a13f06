"""Default deny, walked route by route."""

from __future__ import annotations

import itertools
import re

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from governance import Action, Part, State
from governance.rights import allowed, may, parts_of
from governance.state import permit_parts
from hub.portal.access import Needs
from hub.portal.app import unguarded
from hub.portal.routes.session import OPEN

PREFIX = "/services/portal"
SIGNED_IN = ["alice", "bob", "sam", "carol", "ada"]


def routes(app):
    """(method, path, name, rights, about) of every route."""
    for route in iter_route_contexts(app.routes):
        needs = [
            one.call
            for one in (route.dependant.dependencies if isinstance(route.original_route, APIRoute) else [])
            if isinstance(one.call, Needs)
        ]
        for method in route.methods or {"GET"}:
            yield method, route.path, route.name, needs[0] if needs else None


def test_only_the_named_few_are_open(site):
    without = {name for _, _, name, needs in routes(site.app) if needs is None}
    assert without == OPEN == {"health", "oauth_callback", "sign_in", "static", "htmx"}
    assert unguarded(site.app) == []


def test_a_route_without_a_right_keeps_the_portal_from_starting(site):
    @site.app.get("/forgotten")
    def forgotten() -> None: ...

    assert unguarded(site.app) == ["/forgotten"]


def address(path: str) -> str:
    known = {"application_id": "a0001", "permit_id": "p0001", "table": "IR_BEN_R", "username": "bob"}
    return path.format(path="portal.css", job="claims", due="2026-03-01T01:30:00Z", number=1, place=1, **known)


def test_without_signing_in_every_route_but_the_public_ones_leads_to_the_login(site):
    site.granted()
    client = site.client()
    walked = 0
    for method, path, name, needs in routes(site.app):
        if needs is None or any(may(State.NONE, Part.VISITOR, action) for action in needs.actions):
            continue
        answer = client.request(method, address(path))
        assert answer.status_code == 303, (method, path)
        location = answer.headers["location"]
        assert location.startswith("/hub/login") or (method == "POST" and location == PREFIX + "/"), name
        walked += 1
    assert walked > 25


@pytest.mark.parametrize("username", SIGNED_IN)
def test_each_route_answers_as_the_table_of_rights_says(site, username):
    """On a granted application of alice with bob, and its active permit."""
    site.granted()
    client = site.client(username)
    person = site.governance.person(username)
    dossier, permit = site.governance.application("a0001"), site.governance.permit("p0001")
    for method, path, _, needs in routes(site.app):
        if needs is None or method != "GET":
            continue
        match needs.on.name:
            case "APPLICATION":
                state, parts = dossier.state, dossier.parts(person)
            case "PERMIT":
                state, parts = permit.state(site.now[0]), permit_parts(permit, person)
            case _:
                state, parts = State.NONE, parts_of(person)
        expected = 200 if any(allowed(state, parts, action) for action in needs.actions) else 403
        assert client.get(address(path)).status_code == expected, (username, path)


@pytest.mark.parametrize("username", SIGNED_IN)
def test_no_form_is_taken_without_its_token(site, username):
    site.granted()
    site.filed()
    before = site.governance.verify()
    client = site.client(username)
    client.get(PREFIX + "/")
    for method, path, _, needs in routes(site.app):
        if method != "POST" or needs is None:
            continue
        for number in ("a0001", "a0002"):
            target = path.format(application_id=number, permit_id="p0001", username="bob", number=1, place=1)
            answer = client.post(target, data={"decision": "grant", "reason": "x" * 20, "roles": "admin"})
            assert answer.status_code == 403, (username, path)
    assert site.governance.verify() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_a_token(site, send, headers):
    client = site.client("ada")
    client.headers.update(headers)
    answer = send(client, "/people", name="Dora", username="dora", roles="researcher")
    assert answer.status_code == 403 and site.governance.person("dora") is None


def test_a_token_is_good_for_one_person_and_one_browser_only(site, send):
    ada = site.client("ada")
    send(ada, "/people", name="Dora", username="dora", roles="researcher")
    assert site.governance.person("dora") is not None
    token = re.search(r'name="csrf" value="(\w+)"', ada.get(PREFIX + "/people").text).group(1)
    other = site.client("ada")
    other.get(PREFIX + "/people")
    assert (
        other.post(
            PREFIX + "/people", data={"csrf": token, "name": "E", "username": "eve", "roles": "admin"}
        ).status_code
        == 403
    )
    ada.cookies.set("test-user", "alice")
    assert ada.post(PREFIX + "/account", data={"csrf": token}).status_code == 403


def test_unknown_and_closed_accounts_get_one_sentence(site):
    assert site.client("stranger").get(PREFIX + "/").status_code == 403
    site.governance.deactivate("bob", "ada")
    answer = site.client("bob").get(PREFIX + "/")
    assert answer.status_code == 403 and "Your account is not open" in answer.text


def test_every_answer_has_the_security_headers(site, monkeypatch):
    monkeypatch.setattr(site.governance, "verify", lambda: 1 / 0)
    alice, ada = site.client("alice"), site.client("ada")
    answers = [alice.get(PREFIX + path) for path in ("/", "/nowhere", "/people", "/static/portal.css", "/health")]
    answers.append(ada.get(PREFIX + "/system"))
    assert [one.status_code for one in answers] == [200, 404, 403, 200, 200, 500]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    assert answers[0].headers["cache-control"] == "no-store"
    assert "division" not in answers[-1].text


def test_no_page_has_an_inline_script_or_style(lived_in):
    for username, path in itertools.product(SIGNED_IN, ("/", "/catalogue", "/applications", "/projects", "/register")):
        html = lived_in.client(username).get(PREFIX + path).text
        assert "<style" not in html and " style=" not in html and "onclick" not in html and "<script>" not in html


def test_actions_are_all_used_by_a_route_or_by_name(site):
    used = {action for _, _, _, needs in routes(site.app) if needs for action in needs.actions}
    assert set(Action) - used == {Action.FILE, Action.OPEN_WORKSPACE, Action.HANDLE_QUARANTINE, Action.SEE_RISK}


def test_a_form_of_unreasonable_size_is_not_even_read(site):
    alice = site.client("alice")
    assert alice.post(PREFIX + "/applications/new", content=b"x" * 1_000_001).status_code == 413
    assert alice.post(PREFIX + "/applications/new", content=iter([b"x"])).status_code == 413
