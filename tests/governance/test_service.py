from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from governance import OPERATOR, Action, Barred, Invalid, NotAllowed, NotFound, OutOfDate, Person, Role, State

REASON = "The purpose is clear and the scope fits it."


@pytest.fixture
def filed(governance, wanted, small_catalogue):
    draft = governance.start("alice", wanted(members=("bob",)))
    return governance.file("alice", draft.id, small_catalogue)


@pytest.fixture
def permit(governance, filed, small_catalogue):
    granted = governance.decide("sam", filed.id, Action.GRANT, REASON, small_catalogue)
    return governance.permit(granted.permit)


def test_from_draft_to_permit(governance, filed, small_catalogue, clock):
    assert filed.id == "a0001" and filed.state is State.FILED and filed.applicant == "alice"
    clock.move(hours=3)
    granted = governance.decide("sam", "a0001", Action.GRANT, REASON, small_catalogue)
    assert (granted.state, granted.permit, granted.decided_by) == (State.GRANTED, "p0001", "sam")
    permit = governance.permit("p0001")
    assert permit.members == ("alice", "bob") and permit.granted_by == "sam"
    assert permit.granted_at == "2026-03-02T12:00:00.000000Z"
    assert dict(permit.tables) == dict(filed.application.tables)
    assert governance.active_permits() == [permit]
    assert [one.type for one in governance.history("a0001")] == [
        "application.drafted",
        "application.filed",
        "application.granted",
    ]
    assert [one.type for one in governance.history("p0001")] == ["permit.granted"]
    governance.verify()


def test_a_faulty_draft_can_be_saved_but_not_filed(governance, wanted, small_catalogue):
    draft = governance.start("alice", wanted(title="", date_to=None))
    with pytest.raises(Invalid) as refusal:
        governance.file("alice", draft.id, small_catalogue)
    assert {fault.field for fault in refusal.value.faults} == {"title", "date_to"}
    assert governance.application(draft.id).state is State.DRAFT
    governance.save("alice", draft.id, wanted())
    assert governance.file("alice", draft.id, small_catalogue).state is State.FILED


def test_returned_changed_filed_again(governance, filed, wanted, small_catalogue):
    returned = governance.decide("carol", filed.id, Action.RETURN, "Narrow the dates, please.", small_catalogue)
    assert returned.state is State.RETURNED and returned.reason == "Narrow the dates, please."
    governance.save("alice", filed.id, wanted(date_from=date(2024, 1, 1)))
    again = governance.file("alice", filed.id, small_catalogue)
    assert again.state is State.FILED and again.reason == "" and again.decided_by is None


def test_a_decision_needs_a_reason(governance, filed, small_catalogue):
    for decision in (Action.GRANT, Action.REFUSE, Action.RETURN):
        with pytest.raises(Invalid):
            governance.decide("sam", filed.id, decision, "   no   ", small_catalogue)
    assert governance.application(filed.id).state is State.FILED
    assert governance.decide("sam", filed.id, Action.GRANT, REASON, small_catalogue).permit == "p0001"


def test_who_files_or_belongs_does_not_decide(governance, wanted, small_catalogue):
    mine = governance.start("carol", wanted())
    governance.file("carol", mine.id, small_catalogue)
    with pytest.raises(Barred):
        governance.decide("carol", mine.id, Action.GRANT, REASON, small_catalogue)
    theirs = governance.start("alice", wanted(members=("carol",)))
    governance.file("alice", theirs.id, small_catalogue)
    with pytest.raises(Barred):
        governance.decide("carol", theirs.id, Action.REFUSE, REASON, small_catalogue)
    governance.change_roles("carol", frozenset({Role.COMMITTEE}), "ada")
    with pytest.raises(Barred):
        governance.decide("carol", theirs.id, Action.GRANT, REASON, small_catalogue)


def test_a_stale_decision_is_refused(governance, filed, wanted, small_catalogue):
    governance.decide("sam", filed.id, Action.RETURN, REASON, small_catalogue)
    governance.save("alice", filed.id, wanted(purpose="Something else entirely, which nobody has read yet."))
    governance.file("alice", filed.id, small_catalogue)
    with pytest.raises(OutOfDate):
        governance.decide("carol", filed.id, Action.GRANT, REASON, small_catalogue, seen=filed.seq)


def test_two_decisions_at_the_same_time_make_one_permit(governance, filed, small_catalogue):
    def grant(actor):
        try:
            return governance.decide(actor, filed.id, Action.GRANT, REASON, small_catalogue).permit
        except NotAllowed:
            return None

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(grant, ["sam", "carol"] * 4))
    assert sorted(filter(None, outcomes)) == ["p0001"]
    assert len(governance.permits()) == 1
    governance.verify()


def test_a_grant_checks_again(governance, filed, small_catalogue, clock):
    clock.move(days=400)
    with pytest.raises(Invalid):
        governance.decide("sam", filed.id, Action.GRANT, REASON, small_catalogue)
    clock.move(days=-400)
    governance.deactivate("bob", "ada")
    with pytest.raises(Invalid):
        governance.decide("sam", filed.id, Action.GRANT, REASON, small_catalogue)
    governance.activate("bob", "ada")
    governance.deactivate("alice", "ada")
    with pytest.raises(Invalid):
        governance.decide("sam", filed.id, Action.GRANT, REASON, small_catalogue)


def test_who_sees_what(governance, wanted, filed, permit):
    draft = governance.start("alice", wanted(title="Not yet"))

    def seen(username):
        return [one.id for one in governance.applications(governance.person(username))]

    assert seen("alice") == [draft.id, filed.id]
    assert seen("bob") == seen("sam") == seen("carol") == [filed.id]
    assert seen("ada") == []
    assert [one.id for one in governance.permits(governance.person("ada"))] == ["p0001"]
    governance.withdraw("alice", draft.id)
    assert governance.application(draft.id).state is State.DISCARDED
    assert seen("sam") == [filed.id]


def test_what_waits_for_whom(governance, wanted, filed, small_catalogue):
    def waiting(username):
        return [one.id for one in governance.waiting_for(governance.person(username))]

    own = governance.start("carol", wanted())
    governance.file("carol", own.id, small_catalogue)
    assert waiting("sam") == [filed.id, own.id]
    assert waiting("carol") == [filed.id]
    assert waiting("alice") == waiting("ada") == []
    governance.decide("sam", filed.id, Action.RETURN, REASON, small_catalogue)
    assert waiting("alice") == [filed.id]


def test_a_workspace_opens_for_active_members_of_an_active_permit(governance, permit, clock):
    assert governance.may_open("alice", "p0001") and governance.may_open("bob", "p0001")
    assert not any(governance.may_open(who, "p0001") for who in ("sam", "carol", "ada", "nobody"))
    assert not governance.may_open("alice", "p0002")
    governance.deactivate("bob", "ada")
    assert not governance.may_open("bob", "p0001")
    clock.move(days=400)
    assert not governance.may_open("alice", "p0001")
    assert governance.active_permits() == []


@pytest.mark.parametrize("actor", ["alice", "sam", "ada", OPERATOR])
def test_closing(governance, permit, actor):
    with pytest.raises(Invalid):
        governance.close(actor, "p0001", "")
    closed = governance.close(actor, "p0001", "The study is finished.")
    assert closed.closed_at and governance.active_permits() == []
    assert not governance.may_open("alice", "p0001")
    with pytest.raises(NotAllowed):
        governance.close(actor, "p0001", "The study is finished.")


@pytest.mark.parametrize("actor", ["bob", "carol", "nobody"])
def test_others_do_not_close(governance, permit, actor):
    with pytest.raises(NotAllowed):
        governance.close(actor, "p0001", "I would rather it stopped.")


def test_only_an_admin_manages_people_and_never_themself(governance):
    new = Person("dora", "Dora", frozenset({Role.RESEARCHER}))
    for actor in ("alice", "sam", "carol", "dora", "nobody"):
        with pytest.raises(NotAllowed):
            governance.add_person(new, "a long enough phrase", actor)
    governance.add_person(new, "a long enough phrase", "ada", must_change=True)
    assert governance.must_change_password("dora")
    with pytest.raises(Barred):
        governance.change_roles("ada", frozenset({Role.ADMIN, Role.STEWARD}), "ada")
    with pytest.raises(Barred):
        governance.deactivate("ada", "ada")
    governance.deactivate("ada", OPERATOR)
    with pytest.raises(NotAllowed):
        governance.deactivate("dora", "ada")


@pytest.mark.parametrize(
    ("username", "name", "roles"),
    [
        ("Dora", "Dora", {Role.ADMIN}),
        ("../x", "Dora", {Role.ADMIN}),
        ("hub", "Dora", {Role.ADMIN}),
        ("alice", "Dora", {Role.ADMIN}),
        ("dora", " ", {Role.ADMIN}),
        ("dora", "Dora", set()),
    ],
)
def test_a_faulty_person_is_refused(governance, username, name, roles):
    with pytest.raises(Invalid):
        governance.add_person(Person(username, name, frozenset(roles)), "a long enough phrase", "ada")
    assert governance.person("dora") is None


def test_an_inactive_person_acts_no_more(governance, filed, small_catalogue):
    governance.deactivate("sam", "ada")
    with pytest.raises(NotAllowed):
        governance.decide("sam", filed.id, Action.GRANT, REASON, small_catalogue)
    governance.activate("sam", "ada")
    governance.decide("sam", filed.id, Action.GRANT, REASON, small_catalogue)


def test_what_is_not_there(governance, small_catalogue):
    for call in (
        lambda: governance.application("a0009"),
        lambda: governance.permit("p0009"),
        lambda: governance.history("a0009"),
        lambda: governance.file("alice", "a0009", small_catalogue),
        lambda: governance.deactivate("nobody", "ada"),
    ):
        with pytest.raises(NotFound):
            call()
