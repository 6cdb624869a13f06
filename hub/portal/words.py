"""The words that pages use for states, roles, events and the like, to be translated where they are shown."""

from __future__ import annotations

from governance import Action, Role, State
from hub.portal.views import ProjectState


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a message for extraction."""
    return message


STATES = {
    State.DRAFT: N_("Draft"),
    State.FILED: N_("Awaiting decision"),
    State.RETURNED: N_("Changes requested"),
    State.GRANTED: N_("Granted"),
    State.REFUSED: N_("Refused"),
    State.WITHDRAWN: N_("Withdrawn"),
    State.DISCARDED: N_("Discarded"),
    State.ACTIVE: N_("Active"),
    State.CLOSED: N_("Closed"),
    State.ENDED: N_("Ended"),
}

REVIEW_STATES = {
    "open": N_("To be read"),
    "accepted": N_("Accepted"),
    "refused": N_("Too much was missed"),
    "dropped": N_("Dropped"),
}
REVIEW_CHIPS = {"open": "filed", "accepted": "granted", "refused": "refused", "dropped": "closed"}

OUTCOMES = {"passed": N_("passed"), "warned": N_("to look at"), "failed": N_("failed")}
"""How a check of a batch ended."""

PROJECT_STATES = {
    ProjectState.PREPARING: N_("Being prepared"),
    ProjectState.OPEN: N_("Open"),
    ProjectState.FAILED: N_("Preparation failed"),
    ProjectState.CLOSED: N_("Closed"),
}

JOB_STATES = {
    "running": N_("Running"),
    "waiting": N_("Waits for its next try"),
    "done": N_("Done"),
    "failed": N_("Given up"),
    "skipped": N_("Skipped"),
}
JOB_CHIPS = {"running": "preparing", "waiting": "returned", "done": "granted", "failed": "failed", "skipped": "closed"}
JOB_KINDS = {"clock": N_("by the clock"), "backfill": N_("back-fill"), "hand": N_("by hand")}
JOB_OUTCOMES = {
    "done": N_("Done"),
    "failed": N_("Failed"),
    "too_long": N_("Took longer than its limit"),
    "stopped": N_("Stopped with its schedule"),
    "lost": N_("Its machine or schedule went away"),
}

ROLES = {
    Role.RESEARCHER: N_("Researcher"),
    Role.STEWARD: N_("Data steward"),
    Role.COMMITTEE: N_("Committee member"),
    Role.ADMIN: N_("Administrator"),
}

ROLE_HINTS = {
    Role.RESEARCHER: N_("files applications and works in project workspaces"),
    Role.STEWARD: N_("decides on applications and may close projects"),
    Role.COMMITTEE: N_("decides on applications"),
    Role.ADMIN: N_("manages accounts and watches the system; decides nothing about data"),
}

EVENTS = {
    "application.drafted": N_("Content saved"),
    "application.filed": N_("Filed for decision"),
    "application.discarded": N_("Draft discarded"),
    "application.withdrawn": N_("Withdrawn"),
    "application.returned": N_("Changes requested"),
    "application.refused": N_("Refused"),
    "application.granted": N_("Granted"),
    "permit.granted": N_("Permit issued"),
    "permit.closed": N_("Project closed"),
}

SENSITIVITIES = {
    "direct": N_("Identifying"),
    "record_key": N_("Record key"),
    "quasi": N_("Indirectly identifying"),
    "free_text": N_("Free text"),
    "plain": N_("Plain"),
}

DECISIONS = {
    Action.GRANT: (N_("Grant"), N_("A permit is issued and the workspace is prepared.")),
    Action.RETURN: (N_("Request changes"), N_("The applicant can correct the application and file it again.")),
    Action.REFUSE: (N_("Refuse"), N_("The application is closed with your reason.")),
}

DATES = {
    "exact": (N_("Exact"), N_("Days and times as they are.")),
    "month": (N_("To the month"), N_("Every date becomes the first day of its month.")),
    "year": (N_("To the year"), N_("Every date becomes the first day of its year.")),
    "shifted": (
        N_("Shifted"),
        N_("Each person's dates move together by some weeks: intervals and days of the week stay, seasons blur."),
    ),
}

FIELDS = {
    "title": N_("Title of the project"),
    "institution": N_("Responsible institution"),
    "purpose": N_("Purpose"),
    "public_interest": N_("Public interest"),
    "tables": N_("Data requested"),
    "date_from": N_("Care from"),
    "date_to": N_("Care until"),
    "born_from": N_("Born from"),
    "born_to": N_("Born until"),
    "dates": N_("Exactness of dates"),
    "members": N_("Members"),
    "end_date": N_("End of access"),
    "reason": N_("Reason"),
    "decision": N_("Decision"),
    "username": N_("User name"),
    "name": N_("Name"),
    "roles": N_("Roles"),
    "present": N_("Present password"),
    "new": N_("New password"),
    "again": N_("New password, again"),
}

DONE = {
    "saved": N_("The draft is saved."),
    "filed": N_("The application is filed: a steward or the committee will decide."),
    "withdrawn": N_("The application is withdrawn."),
    "discarded": N_("The draft is discarded."),
    "granted": N_("The application is granted: the workspace is being prepared."),
    "returned": N_("The applicant is asked for changes."),
    "refused": N_("The application is refused."),
    "closed": N_("The project is closed: its data can no longer be read."),
    "roles": N_("The roles are changed."),
    "deactivated": N_("The account is closed."),
    "activated": N_("The account is open again."),
    "password": N_("Your password is changed."),
    "review_accepted": N_("The review has ended: this text may be granted."),
    "review_refused": N_("The review has ended: too much was missed, and this text will not be granted."),
}
