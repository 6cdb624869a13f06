"""What data there is."""

from __future__ import annotations

import unicodedata

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from governance import Action, NotFound
from hub.portal.access import Needs, Visitor
from hub.portal.portal import Portal
from hub.portal.views import CatalogueTable

router = APIRouter(prefix="/catalogue")


@router.get("", name="catalogue")
def catalogue(request: Request, q: str = "", visitor: Visitor = Depends(Needs(Action.SEE_CATALOGUE))) -> Response:
    """The tables that match `q`; only the list when htmx asks."""
    portal: Portal = request.app.state.portal
    tables = portal.catalogue()
    found = search(tables, q)
    partial = request.headers.get("HX-Request") == "true"
    template = "_catalogue_results.html" if partial else "catalogue.html"
    return portal.pages.render(request, template, visitor, found=found, total=len(tables), q=q)


@router.get("/{table}", name="table")
def table(request: Request, table: str, visitor: Visitor = Depends(Needs(Action.SEE_CATALOGUE))) -> Response:
    """One table with its columns."""
    portal: Portal = request.app.state.portal
    found = next((one for one in portal.catalogue() if one.name == table), None)
    if found is None:
        raise NotFound("The catalogue has no such table.")
    return portal.pages.render(request, "table.html", visitor, table=found)


def search(tables: list[CatalogueTable], wish: str) -> list[tuple[CatalogueTable, list[str]]]:
    """The tables in whose names, labels or columns every word of `wish` occurs, with the columns that match.

    Case and accents do not count.
    """
    words = fold(wish).split()
    found = []
    for one in tables:
        own = fold(" ".join([one.name, one.source, *one.labels.values(), *one.description.values()]))
        columns = {column.name: fold(" ".join([column.name, *column.labels.values()])) for column in one.columns}
        if all(word in own or any(word in text for text in columns.values()) for word in words):
            matching = [name for name, text in columns.items() if words and any(word in text for word in words)]
            found.append((one, matching))
    return found


def fold(text: str) -> str:
    """Lower case without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(sign))
