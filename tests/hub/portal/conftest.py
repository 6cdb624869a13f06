"""A portal over real governance, an identity that tests set by a header, a small catalogue, a few projects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.testclient import TestClient

from governance import OPERATOR, Action, Application, Governance, Permit, Person, Role, passwords
from governance.tables import metadata
from hub.portal import (
    Batch,
    CatalogueColumn,
    CatalogueTable,
    CheckedBatch,
    CheckedTable,
    CheckLine,
    Fact,
    PortalSettings,
    Project,
    ProjectState,
    SystemState,
    create_app,
)
from hub.portal.checks import Claimed
from hub.portal.job_views import Job, RunDetail
from hub.portal.views import Rarity, Wanted
from hub.reviews import Reviews
from hub.reviews.tables import metadata as review_tables
from hub.schedule.reading import Run

PREFIX = "/services/portal"
PASSWORD = "a long enough phrase"
PEOPLE = {
    "alice": ("Alice Martin", {Role.RESEARCHER}),
    "bob": ("Bob Lefèvre", {Role.RESEARCHER}),
    "sam": ("Samira Haddad", {Role.STEWARD}),
    "carol": ("Carole Nguyen", {Role.COMMITTEE, Role.RESEARCHER}),
    "ada": ("Ada Bertin", {Role.ADMIN}),
}


class CookieIdentity:
    """Signs in as whoever the cookie `test-user` names."""

    async def username(self, request: Request) -> str | None:
        return request.cookies.get("test-user")

    async def sign_in(self, onward: str) -> Response:
        return RedirectResponse(f"/hub/login?next={onward}", status_code=303)

    async def callback(self, request: Request) -> Response:
        return RedirectResponse(PREFIX + "/")

    async def sign_out(self) -> Response:
        return RedirectResponse("/hub/logout", status_code=303)


@dataclass
class Projects:
    known: dict[str, Project] = field(default_factory=dict)

    def project(self, permit_id: str) -> Project | None:
        return self.known.get(permit_id)


@dataclass
class Jobs:
    """A schedule whose runs a test changes."""

    known: list[Run] = field(default_factory=list)
    detail: RunDetail | None = None

    def jobs(self) -> list[Job]:
        last = next((run for run in self.known if run.state == "done"), None)
        return [
            Job("claims", "hub ingest snds", "30 2 * * *", "Europe/Paris", "2026-03-03T01:30:00.000000Z", last),
            Job("sweep", "hub project sweep", "*/10 * * * *", "UTC", "2026-03-02T09:10:00.000000Z", None),
        ]

    def under_way(self) -> list[Run]:
        return [run for run in self.known if run.state in ("running", "waiting")]

    def runs(self) -> list[Run]:
        return self.known

    def run(self, job: str, due_at: str) -> RunDetail | None:
        for run in self.known:
            if (run.job, run.due_at) == (job, due_at):
                return replace(self.detail, run=run) if self.detail else RunDetail(run, [], [], None)
        return None

    def waiting_mail(self) -> int:
        return 1


def a_run(state: str, day: int, step: str | None = None, **values: Any) -> Run:
    began = f"2026-03-{day:02}T01:30:02.000000Z"
    ended = None if state == "running" else f"2026-03-{day:02}T01:52:40.000000Z"
    due = datetime(2026, 3, day, 1, 30, tzinfo=UTC)
    known = {"kind": "clock", "attempts": 1, "exit_code": None, "host": "node-1", **values}
    return Run(job="claims", due=due, state=state, step=step, started_at=began, finished_at=ended, **known)


@dataclass
class Calls:
    granted: list[Permit] = field(default_factory=list)
    closed: list[Permit] = field(default_factory=list)
    deactivated: list[str] = field(default_factory=list)


def column(
    name: str, fr: str, en: str, sensitivity: str = "plain", kind: str = "string", more: Iterable[str] = ()
) -> CatalogueColumn:
    grantable = sensitivity not in {"direct"}
    return CatalogueColumn(name, {"fr": fr, "en": en}, kind, sensitivity, grantable, frozenset(more))


TABLES = [
    CatalogueTable(
        name="IR_BEN_R",
        source="snds",
        labels={"fr": "Référentiel des bénéficiaires", "en": "Beneficiaries"},
        description={
            "fr": "Une ligne par bénéficiaire de l’assurance maladie : année de naissance, sexe, commune.",
            "en": "One line for each person insured: year of birth, sex, municipality.",
        },
        columns=[
            column("BEN_NIR_PSA", "Identifiant du bénéficiaire", "Beneficiary identifier", "direct"),
            column("BEN_NAI_ANN", "Année de naissance", "Year of birth", "quasi", "integer"),
            column("BEN_SEX_COD", "Sexe", "Sex"),
            column("BEN_RES_DPT", "Département de résidence", "Department of residence", "quasi"),
            column(
                "BEN_DCD_AME", "Année et mois de décès", "Year and month of death", "quasi", more=["year", "shifted"]
            ),
        ],
        rows=2000,
        date_from=date(2019, 1, 1),
        date_to=date(2025, 12, 31),
        updated_at="2026-02-27T04:12:00.000000Z",
    ),
    CatalogueTable(
        name="ER_PRS_F",
        source="snds",
        labels={"fr": "Prestations de soins remboursées", "en": "Reimbursed care"},
        description={
            "fr": "Une ligne par prestation : actes, consultations, médicaments, dispositifs.",
            "en": "One line for each item of care: procedures, visits, medicines, devices.",
        },
        columns=[
            column("EXE_SOI_DTD", "Date de début des soins", "First day of care", "plain", "date"),
            column("PRS_NAT_REF", "Nature de la prestation", "Kind of care"),
            column("PRS_ACT_QTE", "Quantité", "Quantity", "plain", "integer"),
            column("PRS_PAI_MNT", "Montant payé", "Amount paid", "plain", "decimal"),
            column("PFS_EXE_NUM", "Professionnel exécutant", "Professional", "record_key"),
        ],
        rows=148_200,
        date_from=date(2023, 1, 1),
        date_to=date(2024, 12, 31),
        updated_at="2026-02-27T04:31:00.000000Z",
    ),
    CatalogueTable(
        name="T_MCO24B",
        source="snds",
        labels={"fr": "Séjours hospitaliers MCO 2024", "en": "Hospital stays 2024"},
        columns=[
            column("DGN_PAL", "Diagnostic principal (CIM-10)", "Main diagnosis (ICD-10)", "quasi"),
            column("SEJ_NBJ", "Durée du séjour en jours", "Length of stay in days", "plain", "integer"),
            column("ETA_NUM", "Numéro d’établissement", "Hospital number", "record_key"),
        ],
        rows=3_900,
        date_from=date(2024, 1, 1),
        date_to=date(2024, 12, 31),
        updated_at="2026-02-26T22:05:00.000000Z",
    ),
    CatalogueTable(
        name="KI_CCI_R",
        source="snds",
        labels={"fr": "Causes médicales de décès", "en": "Causes of death"},
        columns=[column("DCD_CIM_COD", "Cause initiale (CIM-10)", "Underlying cause (ICD-10)", "quasi")],
        rows_hidden=True,
        date_from=date(2023, 1, 1),
        date_to=date(2023, 12, 31),
        updated_at="2026-02-26T22:06:00.000000Z",
    ),
    CatalogueTable(
        name="document_note",
        source="hospital",
        labels={"fr": "Comptes rendus hospitaliers", "en": "Clinical notes"},
        description={
            "fr": "Texte des comptes rendus, noms et numéros retirés.",
            "en": "Text of the notes, names and numbers removed.",
        },
        columns=[
            column("note_text", "Texte du compte rendu", "Text of the note", "free_text"),
            column("note_date", "Date du compte rendu", "Date of the note", "plain", "date"),
        ],
        rows=5_400,
        date_from=date(2024, 1, 3),
        date_to=date(2025, 11, 28),
        updated_at="2026-03-01T02:44:00.000000Z",
    ),
]

SYSTEM = SystemState(
    facts=[
        Fact({"fr": "Espaces de travail ouverts", "en": "Open workspaces"}, "2"),
        Fact({"fr": "Bac à sable", "en": "Sandbox"}, "bubblewrap 0.8.0", True),
        Fact({"fr": "Espace disque", "en": "Disk space"}, "12 %", False),
    ],
    batches=[
        Batch("ER_PRS_F", "snds", "2026-02-27T04:31:00.000000Z", 148_320, 148_205, 95, 20, True),
        Batch("T_MCO24B", "snds", "2026-02-26T22:05:00.000000Z", 3_912, 0, 3_912, 0, False),
    ],
)


CHECKS = [
    CheckedTable(
        "IR_BEN_R",
        "snds",
        {"fr": "Référentiel des bénéficiaires", "en": "Beneficiaries"},
        [
            CheckedBatch(
                "3f2a91c0aa01", "2026-02-27T04:12:00.000000Z", True, 2010, 2000, None, 0,
                [
                    CheckLine("row_count between 1 and any", False, "passed", ""),
                    CheckLine("null_share of BEN_DCD_AME changes at most 0.1", True, "warned", "0.25"),
                ],
                {("null_share", "BEN_DCD_AME"): 0.125, ("null_share", "BEN_SEX_COD"): None,
                 ("new_codes", "BEN_SEX_COD"): 2.0},
            ),
            CheckedBatch("77aa10b2c301", "2026-01-27T04:12:00.000000Z", False, 1000, 990, 10, 0),
        ],
    ),
]  # fmt: skip


@dataclass
class Site:
    """What a test holds in its hands."""

    app: FastAPI
    governance: Governance
    projects: Projects
    calls: Calls
    now: list[datetime]
    jobs: Jobs
    reviews: Reviews
    claimed: list[Claimed]

    def client(self, username: str | None = None, language: str = "en") -> TestClient:
        client = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        client.headers["accept-language"] = language
        if username:
            client.cookies.set("test-user", username)
        return client

    def filed(self, actor: str = "alice", **changes: Any) -> str:
        dossier = self.governance.start(actor, application(**changes))
        return self.governance.file(actor, dossier.id, Wanted.of(TABLES)).id

    def granted(self, actor: str = "alice", **changes: Any) -> str:
        number = self.filed(actor, **changes)
        reason = "Finalité claire et périmètre proportionné à la question posée."
        decided = self.governance.decide("sam", number, Action.GRANT, reason, Wanted.of(TABLES))
        assert decided.permit
        return decided.permit


def application(**changes: Any) -> Application:
    return Application(
        **{
            "title": "Diabète de type 2 et hospitalisations évitables",
            "institution": "CHU de Rennes",
            "purpose": "Décrire les hospitalisations des personnes traitées pour un diabète et construire un "
            "modèle qui annonce celles de l’année suivante, à partir des soins de ville.",
            "public_interest": "Mieux repérer les personnes à risque pour adapter leur suivi. Les résultats "
            "seront publiés et présentés aux associations de patients.",
            "tables": {
                "IR_BEN_R": ("BEN_NAI_ANN", "BEN_SEX_COD"),
                "ER_PRS_F": ("EXE_SOI_DTD", "PRS_NAT_REF", "PRS_ACT_QTE"),
                "T_MCO24B": ("DGN_PAL", "SEJ_NBJ"),
            },
            "date_from": date(2023, 1, 1),
            "date_to": date(2024, 12, 31),
            "born_to": 1980,
            "members": ("bob",),
            "end_date": date(2027, 2, 28),
            **changes,
        }
    )


FORM = {
    "title": "Une étude",
    "institution": "CHU",
    "purpose": "Décrire les hospitalisations évitables des personnes diabétiques.",
    "public_interest": "Mieux repérer les personnes à risque pour adapter leur suivi.",
    "columns": ["IR_BEN_R.BEN_SEX_COD", "ER_PRS_F.EXE_SOI_DTD"],
    "date_from": "2023-01-01",
    "date_to": "2024-12-31",
    "born_from": "",
    "born_to": "1980",
    "members": "bob",
    "end_date": "2027-02-28",
}


@pytest.fixture
def form() -> dict[str, Any]:
    """The fields of an application that has no fault."""
    return dict(FORM)


@pytest.fixture
def site(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._stand_in.cache_clear()
    return build_site(engine)


def build_site(engine: Engine, identity: Any = None) -> Site:
    metadata.create_all(engine)
    now = [datetime(2026, 3, 2, 9, 0, tzinfo=UTC)]
    governance = Governance(engine, lambda: now[0])
    for username, (name, roles) in PEOPLE.items():
        governance.add_person(Person(username, name, frozenset(roles)), PASSWORD, OPERATOR)
    projects, calls = Projects(), Calls()
    jobs = Jobs([a_run("done", 1, exit_code=0)])
    review_tables.create_all(engine)
    reviews = Reviews(engine, Path(str(engine.url.database)).parent / "reviews")
    number = draw_notes(reviews, "title", ["Vu [NOM]."])
    reviews.judge(number, 1, missed=False, by="sam")
    claimed: list[Claimed] = []
    app = create_app(
        governance=governance,
        catalogue=lambda: TABLES,
        projects=projects,
        identity=identity or CookieIdentity(),
        settings=PortalSettings(secret=b"s" * 32),
        system=lambda: SYSTEM,
        checked=lambda: CHECKS,
        claimed=lambda: claimed,
        jobs=jobs,
        reviews=reviews,
        on_granted=calls.granted.append,
        on_closed=calls.closed.append,
        on_deactivated=calls.deactivated.append,
    )
    return Site(app, governance, projects, calls, now, jobs, reviews, claimed)


def draw_notes(reviews: Reviews, column: str, notes: list[str]) -> int:
    """A review of these notes."""
    return reviews.draw("chu", "fhir_document_reference", column, notes, rules="0" * 16, most=0.05, by="ops")


@pytest.fixture
def lived_in(site: Site) -> Site:
    """A site after some months: every state is there."""
    now = site.now
    now[0] -= timedelta(days=40)
    first = site.granted()
    site.projects.known[first] = Project(
        ProjectState.OPEN, {"IR_BEN_R": 1240, "ER_PRS_F": 61_872, "T_MCO24B": 1_930}, Rarity(1240, 62, 1117)
    )
    second = site.granted("carol", title="Iatrogénie médicamenteuse après 75 ans", members=(), born_to=1950)
    site.projects.known[second] = Project(ProjectState.PREPARING)
    third = site.granted(title="Délais de prise en charge de l’AVC", institution="AP-HP", members=())
    now[0] += timedelta(days=12)
    site.governance.close("alice", third, "L’étude est terminée, le rapport est publié.")
    refused = site.filed("bob", title="Cartographie des prescripteurs", members=())
    site.governance.decide(
        "sam",
        refused,
        Action.REFUSE,
        "Les colonnes demandées visent des professionnels identifiables.",
        Wanted.of(TABLES),
    )
    now[0] += timedelta(days=14)
    site.filed("bob", title="Antibiotiques en ville et résistances", members=("alice",))
    now[0] += timedelta(days=8)
    back = site.filed(title="Suivi des grossesses à risque")
    site.governance.decide(
        "carol",
        back,
        Action.RETURN,
        "Merci de restreindre la période à 2024 et de justifier le département.",
        Wanted.of(TABLES),
    )
    now[0] += timedelta(days=3)
    site.filed(title="Dépistage du cancer colorectal", members=("carol",))
    site.governance.start("alice", application(title="Santé mentale des jeunes adultes", tables={}))
    now[0] += timedelta(days=3)
    return site


@pytest.fixture
def send() -> Callable[..., Any]:
    """Open `page`, take its form token, and send the form to `to`."""

    def post(client: TestClient, page: str, to: str | None = None, **fields: Any) -> Any:
        html = client.get(PREFIX + page).text
        token = re.search(r'name="csrf" value="([0-9a-f]{64})"', html)
        assert token, f"no form token on {page}"
        return client.post(PREFIX + (to or page), data={"csrf": token.group(1), **fields})

    return post


@pytest.fixture
def served(lived_in: Site, tmp_path: Path) -> Iterator[str]:
    """The lived-in site on a loopback port; its address."""
    import socket
    import threading
    import time

    import uvicorn

    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(lived_in.app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([taken],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}{PREFIX}"
    server.should_exit = True
    thread.join(5)
