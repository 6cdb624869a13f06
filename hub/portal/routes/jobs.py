"""The schedule: its jobs, what runs now, what became of each interval."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from governance import Action, NotFound
from hub.portal.access import Needs, Visitor
from hub.portal.portal import Portal

router = APIRouter(prefix="/jobs")


@router.get("", name="jobs")
def jobs(request: Request, visitor: Visitor = Depends(Needs(Action.SEE_JOBS))) -> Response:
    """Jobs with their next hours, what runs now, the latest runs."""
    portal: Portal = request.app.state.portal
    under_way = portal.jobs.under_way()
    return portal.pages.render(
        request,
        "jobs.html",
        visitor,
        jobs=portal.jobs.jobs(),
        under_way=under_way,
        seen=_print(under_way),
        runs=portal.jobs.runs(),
        mails=portal.jobs.waiting_mail(),
    )


@router.get("/now", name="jobs_now")
def jobs_now(request: Request, seen: str = "", visitor: Visitor = Depends(Needs(Action.SEE_JOBS))) -> Response:
    """What runs now, for the page that asks every few seconds; nothing (204) while it is what the page has `seen`."""
    portal: Portal = request.app.state.portal
    under_way = portal.jobs.under_way()
    if seen == _print(under_way):
        return Response(status_code=204)
    return portal.pages.render(request, "_jobs_now.html", visitor, under_way=under_way, seen=_print(under_way))


@router.get("/{job}/{due}", name="job_run")
def job_run(request: Request, job: str, due: str, visitor: Visitor = Depends(Needs(Action.SEE_JOBS))) -> Response:
    """One interval: its tries, its batches, its log."""
    portal: Portal = request.app.state.portal
    detail = portal.jobs.run(job, due)
    if detail is None:
        raise NotFound("There is no such run.")
    return portal.pages.render(request, "job_run.html", visitor, detail=detail)


def _print(under_way: object) -> str:
    return hashlib.sha256(repr(under_way).encode()).hexdigest()[:16]
