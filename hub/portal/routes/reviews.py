"""Scrubbed notes, read by people before anybody is granted them."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from governance import Action, NotFound, OutOfDate
from hub.errors import HubError
from hub.portal.access import Needs, Visitor
from hub.portal.forms import text
from hub.portal.portal import Portal
from hub.portal.words import N_
from hub.reviews import Review

router = APIRouter(prefix="/reviews")


@router.get("", name="reviews")
def reviews(request: Request, visitor: Visitor = Depends(Needs(Action.REVIEW_TEXT))) -> Response:
    """Every review with where it stands."""
    portal: Portal = request.app.state.portal
    return portal.pages.render(request, "reviews.html", visitor, reviews=portal.reviews.all())


@router.get("/{number}", name="review")
def review(request: Request, number: int, visitor: Visitor = Depends(Needs(Action.REVIEW_TEXT))) -> Response:
    """The first note that nobody has read; when all were, what the review comes to."""
    portal: Portal = request.app.state.portal
    one = _open(portal, number)
    place = _next(portal, one)
    if place is not None:
        return _to(request, number, place)
    return portal.pages.render(
        request, "review_end.html", visitor, review=one, verdicts=dict(portal.reviews.verdicts(number))
    )


@router.get("/{number}/{place}", name="review_note")
def review_note(
    request: Request, number: int, place: int, visitor: Visitor = Depends(Needs(Action.REVIEW_TEXT))
) -> Response:
    """One note."""
    portal: Portal = request.app.state.portal
    one = _open(portal, number)
    note = portal.reviews.note(number, place)
    if note is None:
        raise NotFound(N_("There is no such note in this review."))
    said = portal.reviews.verdicts(number).get(place)
    return portal.pages.render(request, "review.html", visitor, review=one, place=place, note=note, said=said)


@router.post("/{number}/{place}", name="judge_note")
def judge_note(
    request: Request, number: int, place: int, visitor: Visitor = Depends(Needs(Action.REVIEW_TEXT))
) -> Response:
    """Say whether something was missed, and go on to the next note."""
    portal: Portal = request.app.state.portal
    said = text(visitor.form, "said")
    if said not in {"clean", "missed"}:
        raise NotFound(N_("Say whether something was missed in this note."))
    try:
        one = portal.reviews.judge(number, place, missed=said == "missed", by=visitor.username)
    except HubError:
        raise OutOfDate(N_("This review has ended meanwhile.")) from None
    following = _next(portal, one, after=place)
    if following is None:
        return RedirectResponse(request.app.url_path_for("review", number=number), status_code=303)
    return _to(request, number, following)


@router.post("/{number}", name="end_review")
def end_review(request: Request, number: int, visitor: Visitor = Depends(Needs(Action.REVIEW_TEXT))) -> Response:
    """End a review of which every note was read; `visitor` is who was asked for the right."""
    portal: Portal = request.app.state.portal
    _ = visitor
    try:
        done = portal.reviews.end(number)
    except HubError:
        raise OutOfDate(N_("This review has ended meanwhile, or some notes were not read yet.")) from None
    return RedirectResponse(f"{request.app.url_path_for('reviews')}?done=review_{done.state}", status_code=303)


def _open(portal: Portal, number: int) -> Review:
    one = portal.reviews.get(number)
    if one is None or one.state != "open":
        raise NotFound(N_("There is no open review of this number."))
    return one


def _next(portal: Portal, one: Review, after: int = 0) -> int | None:
    """The first note that nobody has read, after this one and then from the start."""
    read = portal.reviews.verdicts(one.number)
    waiting = [place for place in range(1, one.notes + 1) if place not in read]
    return next((place for place in waiting if place > after), waiting[0] if waiting else None)


def _to(request: Request, number: int, place: int) -> Response:
    return RedirectResponse(request.app.url_path_for("review_note", number=number, place=place), status_code=303)
