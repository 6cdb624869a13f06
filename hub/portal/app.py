"""Puts the portal together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from governance import Governance, GovernanceError, NotAllowed, NotFound, OutOfDate, Permit
from hub.portal.access import Needs, Visitor
from hub.portal.checks import CheckedTable, Claimed
from hub.portal.errors import PortalError, SignInNeeded
from hub.portal.identity import Identity
from hub.portal.job_views import JobsView, NoJobs
from hub.portal.pages import Pages
from hub.portal.portal import Hooks, Portal
from hub.portal.review_views import NoReviews, ReviewsView
from hub.portal.routes import (
    applications,
    catalogue,
    checks,
    decisions,
    home,
    jobs,
    people,
    projects,
    public,
    session,
    system,
)
from hub.portal.routes import reviews as reviews_routes
from hub.portal.seal import Seal
from hub.portal.security import HEADERS, SAFE_METHODS, FormGuard, SecurityHeaders
from hub.portal.settings import PortalSettings
from hub.portal.views import CatalogueTable, ProjectsView, SystemState
from hub.portal.words import N_

STATIC = Path(__file__).parent / "static"
ROUTERS = (
    home,
    catalogue,
    applications,
    decisions,
    projects,
    checks,
    reviews_routes,
    people,
    public,
    jobs,
    system,
    session,
)


def _nothing(_: object) -> None:
    """No hook."""


def create_app(
    *,
    governance: Governance,
    catalogue: Callable[[], list[CatalogueTable]],
    projects: ProjectsView,
    identity: Identity,
    settings: PortalSettings,
    system: Callable[[], SystemState] = SystemState,
    checked: Callable[[], list[CheckedTable]] = list,
    claimed: Callable[[], list[Claimed]] = list,
    jobs: JobsView | None = None,
    reviews: ReviewsView | None = None,
    on_granted: Callable[[Permit], None] = _nothing,
    on_closed: Callable[[Permit], None] = _nothing,
    on_deactivated: Callable[[str], None] = _nothing,
) -> FastAPI:
    """The portal as an ASGI application under `settings.prefix`.

    The hooks run after the answer, in a worker thread: `on_granted` prepares the workspace, `on_closed` stops
    it, `on_deactivated` ends a person's sessions and servers. Raises `ValueError` for a route without a right.
    """
    forms = FormGuard(Seal(settings.secret), settings.prefix, settings.secure)
    pages = Pages(
        clock=governance.clock,
        forms=forms,
        name=settings.name,
        timezone=settings.timezone,
        prefix=settings.prefix,
        hub_prefix=settings.hub_prefix,
        names=lambda: _names(governance),
    )
    app = FastAPI(title="portal", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.portal = Portal(
        governance=governance,
        catalogue=catalogue,
        projects=projects,
        system=system,
        checks=checked,
        claimed=claimed,
        jobs=jobs or NoJobs(),
        reviews=reviews or NoReviews(),
        identity=identity,
        forms=forms,
        pages=pages,
        hooks=Hooks(on_granted, on_closed, on_deactivated),
    )
    prefix = settings.prefix.rstrip("/")
    for module in ROUTERS:
        app.include_router(module.router, prefix=prefix)
    app.include_router(_htmx(settings.htmx), prefix=prefix)
    app.mount(f"{prefix}/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(SecurityHeaders)
    _add_refusals(app)
    if unguarded(app):
        raise ValueError(f"these routes declare no right: {', '.join(unguarded(app))}")
    return app


def unguarded(app: FastAPI) -> list[str]:
    """The paths of routes that declare no right and are none of the few that need none."""
    found = []
    for route in iter_route_contexts(app.routes):
        declared = isinstance(route.original_route, APIRoute) and any(
            isinstance(one.call, Needs) and one.call.actions for one in route.dependant.dependencies
        )
        if not declared and route.name not in session.OPEN:
            found.append(str(route.path))
    return found


def _names(governance: Governance) -> Mapping[str, str]:
    return {person.username: person.name for person in governance.people()}


def _htmx(path: Path) -> APIRouter:
    router = APIRouter()

    @router.get("/htmx.js", name="htmx")
    def htmx() -> Response:
        return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})

    return router


def _add_refusals(app: FastAPI) -> None:
    """Every refusal as a page of one sentence."""

    def page(request: Request, status: int, message: str, params: Mapping[str, str] | None = None) -> Response:
        portal: Portal = request.app.state.portal
        visitor: Visitor | None = getattr(request.state, "visitor", None)
        sentence = portal.pages.reader(request).text(message, **(params or {}))
        return portal.pages.render(request, "error.html", visitor, status, sentence=sentence, code=status)

    @app.exception_handler(SignInNeeded)
    async def sign_in_needed(request: Request, _error: SignInNeeded) -> Response:
        portal: Portal = request.app.state.portal
        home_path = request.app.url_path_for("home")
        if request.headers.get("HX-Request") == "true":
            return Response(status_code=401, headers={"HX-Redirect": home_path})
        if request.method not in SAFE_METHODS:
            return RedirectResponse(home_path, status_code=303)
        onward = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return await portal.identity.sign_in(onward)

    @app.exception_handler(PortalError)
    def portal_error(request: Request, error: PortalError) -> Response:
        return page(request, error.status, error.message)

    @app.exception_handler(GovernanceError)
    def governance_error(request: Request, error: GovernanceError) -> Response:
        status = {NotFound: 404, OutOfDate: 409}.get(type(error), 403 if isinstance(error, NotAllowed) else 422)
        return page(request, status, error.message, error.params)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        known = {404: N_("There is nothing at this address."), 405: N_("This page is not opened this way.")}
        otherwise = N_("The request could not be read.")
        return page(request, error.status_code, known.get(error.status_code, otherwise))

    @app.exception_handler(Exception)
    def failure(request: Request, _error: Exception) -> Response:
        response = page(request, 500, N_("Something went wrong on our side: try again later."))
        # This handler stands outside the middleware.
        response.headers.update(HEADERS | {"Cache-Control": "no-store"})
        return response
