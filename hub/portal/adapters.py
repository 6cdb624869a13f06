"""The lower floors in the portal's words."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from hub.compose import Hub
from hub.portal.views import Batch, CatalogueColumn, CatalogueTable, Fact, Project, ProjectState, SystemState
from ingestion.catalogue import catalogue
from ingestion.ledger import Batch as LedgerBatch
from projects.state import Projects
from pseudonymization.errors import PseudonymizationError

LAST_BATCHES = 20


def catalogue_view(hub: Hub) -> list[CatalogueTable]:
    """The published tables; counts below the site's threshold are hidden."""
    return [
        CatalogueTable(
            name=one.name,
            source=one.source,
            labels=one.label.model_dump(),
            columns=[
                CatalogueColumn(column.name, column.label.model_dump(), column.kind, column.sensitivity, grantable=True)
                for column in one.columns
            ],
            rows=one.rows,
            rows_hidden=one.hidden,
            date_from=_day(one.period_from),
            date_to=_day(one.period_to),
            updated_at=one.published_at,
        )
        for one in catalogue(hub.contracts, hub.ledger, hub.settings.catalogue.small_count)
        if one.published
    ]


class Standing:
    """Where each permit's workspace stands, from the records and the extract's own description."""

    def __init__(self, projects: Projects, folder: Path) -> None:
        self._projects = projects
        self._folder = folder

    def project(self, permit_id: str) -> Project | None:
        """The permit's workspace, or None when nothing has been prepared yet."""
        known = self._projects.find(permit_id)
        if known is None:
            return None
        rows: dict[str, int] = {}
        described = self._folder / permit_id / "data" / "permit.json"
        if described.is_file():
            tables = json.loads(described.read_text(encoding="utf-8"))["tables"]
            rows = {name: int(table["rows"]) for name, table in tables.items()}
        return Project(ProjectState(known.state.value), rows)


def system_view(hub: Hub) -> SystemState:
    """What an administrator wants to know at a glance."""
    try:
        _ = hub.keystore
        keys = Fact({"fr": "Clés", "en": "Keys"}, "ok", True)
    except PseudonymizationError:
        keys = Fact({"fr": "Clés", "en": "Keys"}, "hub keys init", False)
    published = len(hub.ledger.pointers())
    tables = Fact({"fr": "Tables publiées", "en": "Published tables"}, str(published), published > 0)
    return SystemState([keys, tables], [batch_view(one) for one in reversed(hub.ledger.batches()[-LAST_BATCHES:])])


def batch_view(batch: LedgerBatch) -> Batch:
    """A line of the ledger."""
    return Batch(
        table=batch.table,
        source=batch.source,
        at=batch.finished_at or batch.taken_at,
        read=batch.counts.rows_read if batch.counts else 0,
        accepted=batch.counts.accepted if batch.counts else 0,
        quarantined=batch.counts.quarantined if batch.counts else 0,
        duplicates=batch.counts.duplicates if batch.counts else 0,
        published=batch.state == "published",
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None
