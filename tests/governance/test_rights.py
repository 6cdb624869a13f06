from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from governance import Action, Barred, NotAllowed, Part, Person, Role, State
from governance.rights import BARS, DECISIONS, RIGHTS, allowed, may, parts_of, require, rights_table_markdown

EVERY = list(itertools.product(State, Part, Action))

# Written a second time, by hand, in the words of the rules: a slip in the table has to be made twice.
DECIDERS = {Part.STEWARD, Part.COMMITTEE}
READERS = {Part.APPLICANT, Part.MEMBER, Part.STEWARD, Part.COMMITTEE}
SIGNED_IN = {Part.RESEARCHER, Part.STEWARD, Part.COMMITTEE, Part.ADMIN}
PERMITS = {State.ACTIVE, State.CLOSED, State.ENDED}


def expected(state: State, action: Action) -> set[Part]:
    if state is State.NONE:
        return {
            Action.SEE_REGISTER: {Part.VISITOR},
            Action.SEE_HOME: SIGNED_IN,
            Action.SEE_CATALOGUE: SIGNED_IN,
            Action.CHANGE_PASSWORD: SIGNED_IN,
            Action.LIST_PERMITS: SIGNED_IN,
            Action.LIST_APPLICATIONS: SIGNED_IN - {Part.ADMIN},
            Action.START: {Part.RESEARCHER},
            Action.SEE_PEOPLE: {Part.ADMIN},
            Action.MANAGE_PEOPLE: {Part.ADMIN},
            Action.SEE_SYSTEM: {Part.ADMIN},
            Action.SEE_CHECKS: {Part.ADMIN, Part.STEWARD},
            Action.SEE_RISK: {Part.STEWARD, Part.COMMITTEE},
            Action.REVIEW_TEXT: {Part.STEWARD},
            Action.HANDLE_QUARANTINE: {Part.ADMIN},
            Action.SEE_JOBS: {Part.ADMIN},
        }.get(action, set())
    if action in DECISIONS:
        return DECIDERS if state is State.FILED else set()
    if action is Action.VIEW:
        if state in {State.DRAFT, State.DISCARDED}:
            return {Part.APPLICANT}
        return READERS | {Part.ADMIN} if state in PERMITS else READERS
    if action in {Action.EDIT, Action.FILE}:
        return {Part.APPLICANT} if state in {State.DRAFT, State.RETURNED} else set()
    if action is Action.WITHDRAW:
        return {Part.APPLICANT} if state in {State.DRAFT, State.RETURNED, State.FILED} else set()
    if action is Action.CLOSE:
        return {Part.APPLICANT, Part.STEWARD, Part.ADMIN} if state is State.ACTIVE else set()
    if action is Action.OPEN_WORKSPACE:
        return {Part.APPLICANT, Part.MEMBER} if state is State.ACTIVE else set()
    return set()


@pytest.mark.parametrize("state", State)
def test_the_whole_table(state):
    for part, action in itertools.product(Part, Action):
        assert may(state, part, action) == (part in expected(state, action)), (state, part, action)


def test_what_no_row_names_is_refused():
    assert all(
        not may(state, Part.PARTY, action) and not may(state, Part.THEMSELF, action) for state, _, action in EVERY
    )
    assert set(State) == set(RIGHTS)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("decision", sorted(DECISIONS))
def test_nobody_decides_what_they_filed_or_belong_to(role, decision):
    judge = Person("judy", "Judy", frozenset(Role))
    for relation in ({"applicant": "judy"}, {"members": ("judy",)}):
        for state in State:
            assert not allowed(state, parts_of(judge, **relation), decision)
    with pytest.raises(Barred):
        require(State.FILED, parts_of(judge, applicant="judy"), decision)
    only = Person("olga", "Olga", frozenset({role}))
    assert allowed(State.FILED, parts_of(only, applicant="alice"), decision) == (role in {"steward", "committee"})


def test_nobody_manages_their_own_account():
    ada = Person("ada", "Ada", frozenset({Role.ADMIN}))
    assert allowed(State.NONE, parts_of(ada, account="bob"), Action.MANAGE_PEOPLE)
    with pytest.raises(Barred):
        require(State.NONE, parts_of(ada, account="ada"), Action.MANAGE_PEOPLE)


def test_an_inactive_person_is_a_visitor():
    gone = Person("gone", "Gone", frozenset(Role), active=False)
    assert parts_of(gone, applicant="gone", members=("gone",)) == {Part.VISITOR} == parts_of(None)
    with pytest.raises(NotAllowed):
        require(State.ACTIVE, parts_of(gone, members=("gone",)), Action.OPEN_WORKSPACE)


def test_who_no_longer_researches_opens_no_workspace_but_stays_barred():
    moved = Person("moved", "Moved", frozenset({Role.STEWARD}))
    parts = parts_of(moved, members=("moved",))
    assert not allowed(State.ACTIVE, parts, Action.OPEN_WORKSPACE)
    assert not allowed(State.FILED, parts, Action.GRANT)


def test_the_printed_table_has_a_row_for_each_right():
    rows = [line.split(" | ") for line in rights_table_markdown().splitlines()[2:]]
    printed = {(row[0].strip("| "), row[1]) for row in rows}
    assert printed == {(state, action) for state, part, action in EVERY if may(state, part, action)}
    grant = next(row for row in rows if row[1] == "grant")
    assert "party" in grant[-1] and set(BARS) == {Part.PARTY, Part.THEMSELF}


def test_the_documentation_shows_the_table_as_it_is():
    page = (Path(__file__).parents[2] / "docs" / "rights.md").read_text(encoding="utf-8")
    assert page.endswith(rights_table_markdown())
