from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from governance import Action, State
from hub.portal import Project, ProjectState
from hub.portal.views import Wanted

PREFIX = "/services/portal"
REASON = "The purpose is clear and the scope fits it."


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def test_from_form_to_permit(site, send, form):
    alice = site.client("alice")
    filed = send(alice, "/applications/new", **form, act="file")
    assert filed.status_code == 303 and filed.headers["location"] == f"{PREFIX}/applications/a0001?done=filed"
    assert "Awaiting decision" in alice.get(filed.headers["location"]).text

    sam = site.client("sam")
    home = sam.get(PREFIX + "/").text
    assert "Une étude" in home and f"{PREFIX}/applications/a0001/decision" in home
    decided = send(sam, "/applications/a0001/decision", decision="grant", reason=REASON, seen="2")
    assert decided.headers["location"].endswith("/applications/a0001?done=granted")
    assert [permit.id for permit in site.calls.granted] == ["p0001"]
    permit = site.governance.permit("p0001")
    assert permit.members == ("alice", "bob") and permit.granted_by == "sam"
    assert dict(permit.tables) == {"IR_BEN_R": ("BEN_SEX_COD",), "ER_PRS_F": ("EXE_SOI_DTD",)}

    page = site.client("bob").get(PREFIX + "/projects/p0001").text
    assert "Being prepared" in page and "/hub/spawn/" not in page
    site.projects.known["p0001"] = Project(ProjectState.OPEN, {"IR_BEN_R": 1240})
    page = site.client("bob").get(PREFIX + "/projects/p0001").text
    assert 'href="/hub/spawn/bob/p0001?next=%2Fuser%2Fbob%2Fp0001%2Flab"' in page and "1,240" in page
    assert "/hub/spawn/" not in sam.get(PREFIX + "/projects/p0001").text


def test_a_draft_is_kept_and_faults_stand_beside_their_fields(site, send, form):
    alice = site.client("alice")
    form |= {"title": "", "members": "nobody", "columns": ["IR_BEN_R.BEN_NIR_PSA", "IR_BEN_R.BEN_SEX_COD"]}
    answer = send(alice, "/applications/new", **form, act="file")
    assert answer.headers["location"] == f"{PREFIX}/applications/a0001/edit?check=true"
    page = alice.get(answer.headers["location"]).text
    assert 'role="alert"' in page and "There are 3 things to correct" in page
    assert re.search(r'id="title"[^>]*aria-describedby="title-hint title-fault"[^>]*aria-invalid="true"', page)
    assert "nobody is not the user name of an active researcher." in page
    assert "The column BEN_NIR_PSA of IR_BEN_R cannot be granted." in page
    assert form["purpose"] in unescape(page)
    assert re.search(r'value="IR_BEN_R.BEN_SEX_COD" checked', page)
    assert site.governance.application("a0001").state is State.DRAFT
    again = send(alice, "/applications/a0001/edit", **form, act="file", seen="1")
    assert again.status_code == 422 and "There are 3 things to correct" in again.text
    form |= {"title": "Titre", "members": "", "columns": ["IR_BEN_R.BEN_SEX_COD"]}
    assert send(alice, "/applications/a0001/edit", **form, act="file").headers["location"].endswith("?done=filed")


def test_how_exact_dates_are_is_asked_judged_and_shown(site, send, form):
    alice = site.client("alice")
    page = alice.get(PREFIX + "/applications/new").text
    assert re.findall(r'name="dates" value="(\w+)"( checked)?', page) == [
        ("exact", " checked"), ("month", ""), ("year", ""), ("shifted", ""),
    ]  # fmt: skip
    form |= {"dates": "shifted", "columns": ["IR_BEN_R.BEN_DCD_AME", "ER_PRS_F.EXE_SOI_DTD"]}
    answer = send(alice, "/applications/new", **form, act="file")
    page = alice.get(answer.headers["location"]).text
    assert "BEN_DCD_AME of IR_BEN_R tells more than such dates may" in page
    assert re.search(r'name="dates" value="shifted" checked', page)
    form |= {"columns": ["ER_PRS_F.EXE_SOI_DTD"]}
    send(alice, "/applications/a0001/edit", **form, act="file")
    sam = site.client("sam")
    assert "Exactness of dates Shifted" in text_of(sam.get(PREFIX + "/applications/a0001/decision").text)
    send(sam, "/applications/a0001/decision", decision="grant", reason=REASON, seen="3")
    assert site.governance.permit("p0001").dates == "shifted"
    assert "Exactness of dates Shifted" in text_of(alice.get(PREFIX + "/projects/p0001").text)
    assert (
        send(alice, "/applications/new", **form | {"dates": "roughly"}, act="file")
        .headers["location"]
        .endswith("check=true")
    )
    assert site.governance.application("a0002").state is State.DRAFT


def test_a_steward_is_told_how_rare_lives_are_and_a_researcher_is_not(lived_in):
    pages = {
        name: text_of(lived_in.client(name).get(PREFIX + "/projects/p0001").text) for name in ("sam", "carol", "alice")
    }
    for name in ("sam", "carol"):
        assert "Told by one row 62 (5%)" in pages[name]
        assert "Told by all their rows 1,117 (90.1%)" in pages[name]
    assert "Rare lives" not in pages["alice"]


def test_what_cannot_be_read_is_kept_as_typed(site, send, form):
    answer = send(site.client("alice"), "/applications/new", **form | {"date_from": "2023-13-45", "born_to": "soon"})
    assert answer.status_code == 422 and site.governance.applications() == []
    assert 'value="2023-13-45"' in answer.text and 'value="soon"' in answer.text
    assert "Write the year with four digits." in answer.text


def test_saving_does_not_file(site, send, form):
    answer = send(site.client("alice"), "/applications/new", **form | {"title": ""}, act="save")
    assert answer.headers["location"].endswith("/applications/a0001/edit?done=saved")
    assert site.governance.application("a0001").state is State.DRAFT
    assert site.client("sam").get(PREFIX + "/applications/a0001").status_code == 403


def test_a_decision_needs_a_choice_and_a_reason(site, send):
    site.filed()
    sam = site.client("sam")
    assert "Choose a decision." in send(sam, "/applications/a0001/decision", reason=REASON).text
    short = send(sam, "/applications/a0001/decision", decision="refuse", reason="no")
    assert short.status_code == 422 and "Give a reason of at least 10 characters." in short.text
    assert re.search(r'value="refuse" checked', short.text)
    assert site.governance.application("a0001").state is State.FILED
    send(sam, "/applications/a0001/decision", decision="return", reason="Please narrow the dates.")
    page = site.client("alice").get(PREFIX + "/applications/a0001").text
    assert "Please narrow the dates." in page and "Complete and file" in page


def test_a_stale_decision_is_refused(site, send):
    site.filed()
    answer = send(site.client("sam"), "/applications/a0001/decision", decision="grant", reason=REASON, seen="1")
    assert answer.status_code == 409 and "has changed since you read it" in answer.text


def test_who_belongs_reads_why_they_do_not_decide(site, send):
    site.filed(members=("carol",))
    carol = site.client("carol")
    page = carol.get(PREFIX + "/applications/a0001/decision").text
    assert "somebody else decides" in page and 'name="decision"' not in page
    assert send(carol, "/account", "/applications/a0001/decision", decision="grant", reason=REASON).status_code == 403
    assert site.governance.application("a0001").state is State.FILED


def test_closing_a_project(site, send):
    site.granted()
    alice = site.client("alice")
    assert send(alice, "/projects/p0001", "/projects/p0001/close", reason="").status_code == 422
    done = send(alice, "/projects/p0001", "/projects/p0001/close", reason="The study is finished.")
    assert done.status_code == 303 and [permit.id for permit in site.calls.closed] == ["p0001"]
    page = alice.get(PREFIX + "/projects/p0001").text
    assert "Its data can no longer be read." in page and "/hub/spawn/" not in page


def test_a_permit_past_its_end_opens_nothing(site):
    site.granted()
    site.projects.known["p0001"] = Project(ProjectState.OPEN, {})
    alice = site.client("alice")
    assert "/hub/spawn/" in alice.get(PREFIX + "/").text
    site.now[0] += timedelta(days=400)
    assert "/hub/spawn/" not in alice.get(PREFIX + "/").text
    assert "Ended" in alice.get(PREFIX + "/projects/p0001").text


def test_withdrawing_and_discarding(site, send):
    site.filed()
    alice = site.client("alice")
    send(alice, "/applications/a0001", "/applications/a0001/withdraw", reason="")
    assert site.governance.application("a0001").state is State.WITHDRAWN
    site.governance.start("alice", site.governance.application("a0001").application)
    gone = send(alice, "/applications/a0002", "/applications/a0002/withdraw")
    assert gone.headers["location"].endswith("/applications?done=discarded")
    assert "a0002" not in alice.get(PREFIX + "/applications").text


def test_an_account_its_one_time_password_and_its_end(site, send):
    ada = site.client("ada")
    added = send(ada, "/people", name="Dora Petit", username="dora", roles=["researcher", "committee"])
    password = re.search(r'class="password">([^<]+)<', added.text).group(1)
    assert added.headers["cache-control"] == "no-store"
    assert password not in ada.get(PREFIX + "/people").text
    dora = site.client("dora")
    assert "handed out by an administrator" in text_of(dora.get(PREFIX + "/").text)
    wrong = send(dora, "/account", present="wrong", new="a new long phrase", again="a new long phrase")
    assert wrong.status_code == 422 and "The present password is not right." in wrong.text
    differs = send(dora, "/account", present=password, new="a new long phrase", again="another long phrase")
    assert "The two new passwords differ." in differs.text
    assert (
        send(dora, "/account", present=password, new="a new long phrase", again="a new long phrase").status_code == 303
    )
    assert "handed out" not in dora.get(PREFIX + "/").text

    assert send(ada, "/people", "/people/dora/deactivate").status_code == 303
    assert site.calls.deactivated == ["dora"] and dora.get(PREFIX + "/").status_code == 403
    assert send(ada, "/people", "/people/ada/roles", roles="steward").status_code == 403
    faulty = send(ada, "/people", name="", username="alice", roles=[])
    assert faulty.status_code == 422 and "Give the person at least one role." in faulty.text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"])
def test_what_people_write_is_shown_as_text(site, send, form, hostile):
    alice, sam = site.client("alice"), site.client("sam")
    long = hostile + " " * 2 + "x" * 60
    form |= {"title": hostile, "institution": hostile, "purpose": long, "public_interest": long}
    send(alice, "/applications/new", **form, act="file")
    send(sam, "/applications/a0001/decision", decision="grant", reason=long)
    pages = [alice.get(PREFIX + path).text for path in ("/", "/applications", "/applications/a0001", "/projects/p0001")]
    pages += [sam.get(PREFIX + "/applications/a0001/decision").text, site.client().get(PREFIX + "/register").text]
    pages.append(alice.get(PREFIX + "/catalogue", params={"q": hostile}).text)
    for page in pages:
        assert "<script>alert" not in page and "<img src=x" not in page and "> 49 <" not in page
        assert hostile in unescape(page)


def test_the_public_register_names_no_person(lived_in):
    answer = lived_in.client().get(PREFIX + "/register")
    assert answer.status_code == 200
    page = unescape(answer.text)
    for permit in lived_in.governance.permits():
        assert permit.title in page and permit.institution in page
    for person in lived_in.governance.people():
        assert person.name not in page and f">{person.username}<" not in page


def test_the_catalogue_is_searched_without_accents_and_hides_small_counts(site):
    alice = site.client("alice")
    found = alice.get(PREFIX + "/catalogue", params={"q": "DECES cause"}, headers={"HX-Request": "true"}).text
    assert "<html" not in found and "KI_CCI_R" in found and "ER_PRS_F" not in found and "few" in found
    whole = alice.get(PREFIX + "/catalogue", params={"q": "medicines"}).text
    assert "<html" in whole and "ER_PRS_F" in whole and "KI_CCI_R" not in whole
    assert "No table or column matches." in alice.get(PREFIX + "/catalogue", params={"q": "zzz"}).text
    table = alice.get(PREFIX + "/catalogue/IR_BEN_R").text
    assert "BEN_NIR_PSA" in table and "Identifying" in table and "2,000" in table
    assert alice.get(PREFIX + "/catalogue/NOPE").status_code == 404


def test_an_htmx_call_without_a_session_sends_the_whole_page_to_sign_in(site):
    answer = site.client().get(PREFIX + "/catalogue", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer.headers["hx-redirect"] == PREFIX + "/"


@pytest.mark.parametrize("username", ["alice", "sam", "ada", "carol"])
def test_an_empty_site_says_so(site, username):
    page = site.client(username).get(PREFIX + "/")
    assert page.status_code == 200 and "Nothing waits for you." in page.text
    assert site.client(username).get(PREFIX + "/projects").text.count('class="empty"') == 1


def test_what_is_not_there_is_one_sentence(site):
    for path in ("/applications/a0099", "/projects/p0099", "/nowhere"):
        answer = site.client("alice").get(PREFIX + path)
        assert answer.status_code == 404 and answer.text.count("<h1>") == 1


def test_the_wait_of_an_application_is_told(site):
    site.filed()
    site.now[0] += timedelta(days=5)
    assert "filed 5 days ago" in site.client("sam").get(PREFIX + "/").text


def test_a_grant_that_the_catalogue_no_longer_allows_is_refused(site, send, monkeypatch):
    site.filed()
    monkeypatch.setattr(Wanted, "has_table", lambda self, table: False)
    answer = send(site.client("sam"), "/applications/a0001/decision", decision=Action.GRANT, reason=REASON)
    assert answer.status_code == 422 and "The catalogue has no table ER_PRS_F." in answer.text
