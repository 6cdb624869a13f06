"""Draws pages: Jinja templates with the reader's language, the visitor's rights and a form token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from governance import Action, Clock, Part, State
from governance.errors import Fault
from hub.portal import i18n, words
from hub.portal.access import Visitor
from hub.portal.security import FormGuard
from hub.portal.views import Labels

FOLDER = Path(__file__).parent / "templates"

NAVIGATION: tuple[tuple[str, str, Action], ...] = (
    ("home", words.N_("Home"), Action.SEE_HOME),
    ("catalogue", words.N_("Catalogue"), Action.SEE_CATALOGUE),
    ("applications", words.N_("Applications"), Action.LIST_APPLICATIONS),
    ("projects", words.N_("Projects"), Action.LIST_PERMITS),
    ("checks", words.N_("Checks"), Action.SEE_CHECKS),
    ("reviews", words.N_("Notes"), Action.REVIEW_TEXT),
    ("people", words.N_("People"), Action.SEE_PEOPLE),
    ("jobs", words.N_("Jobs"), Action.SEE_JOBS),
    ("system", words.N_("System"), Action.SEE_SYSTEM),
    ("register", words.N_("Public register"), Action.SEE_REGISTER),
)


class Pages:
    """The templates, and what all of them may use."""

    def __init__(
        self,
        *,
        clock: Clock,
        forms: FormGuard,
        name: Labels,
        timezone: str,
        prefix: str,
        hub_prefix: str,
        names: Callable[[], Mapping[str, str]],
    ) -> None:
        self.clock = clock
        self.forms = forms
        self.name = name
        self.timezone = timezone
        self.prefix = prefix
        self.hub_prefix = hub_prefix
        self.names = names
        self.environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.tests["has"] = lambda held, one: one in held

    def reader(self, request: Request) -> i18n.Reader:
        """The reader's language."""
        return i18n.reader_of(request, self.timezone)

    def render(
        self, request: Request, template: str, visitor: Visitor | None = None, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """The page as an answer; `visitor` None draws it for somebody unknown."""
        visitor = visitor or Visitor(None, frozenset({Part.VISITOR}))
        reader = self.reader(request)
        token, browser = self.forms.token(request, visitor.username)
        faults: tuple[Fault, ...] = tuple(context.pop("faults", ()))
        # Where the page can be opened again: an answer to a form may have no address of its own.
        here = request.url.replace(path=context.pop("here", request.url.path))
        html = self.environment.get_template(template).render(
            {
                "_": reader.text,
                "ngettext": reader.count,
                "reader": reader,
                "words": words,
                "visitor": visitor,
                "form_token": token,
                "product": reader.label(self.name),
                "navigation": [item for item in NAVIGATION if visitor.can(item[2], State.NONE)],
                "path": here.path,
                "url": lambda route, **parts: str(request.app.url_path_for(route, **parts)),
                "languages": [
                    (language, f"{here.path}?{here.include_query_params(lang=language).query}")
                    for language in i18n.LANGUAGES
                ],
                "faults": faults,
                "fault_of": {fault.field: reader.text(fault.message, **fault.params) for fault in reversed(faults)},
                "done": words.DONE.get(request.query_params.get("done", "")),
                "now": self.now(),
                "person_name": self._namer(),
                "workspace": lambda permit: self._workspace(visitor.username, permit),
                "State": State,
                "Action": Action,
                **context,
            }
        )
        response = HTMLResponse(html, status_code=status, headers={"Content-Language": reader.language})
        response.headers["Vary"] = "Accept-Language, Cookie, HX-Request"
        if browser:
            self.forms.remember(response, browser)
        wish = i18n.chosen(request.query_params)
        if wish:
            response.set_cookie(
                i18n.COOKIE, wish, max_age=365 * 86400, path=self.prefix, samesite="lax", secure=self.forms.secure
            )
        return response

    def now(self) -> datetime:
        """The present, for ages and states."""
        return self.clock()

    def _workspace(self, username: str, permit_id: str) -> str:
        onward = f"{self.hub_prefix.removesuffix('hub/')}user/{username}/{permit_id}/lab"
        return f"{self.hub_prefix}spawn/{username}/{permit_id}?{urlencode({'next': onward})}"

    def _namer(self) -> Callable[[str | None], str]:
        """User name to name, for one page; people are read once, and only by pages that name somebody."""
        names: dict[str, str] = {}

        def name(username: str | None) -> str:
            if not names:
                names.update(self.names())
            return names.get(username or "", username or "–")

        return name
