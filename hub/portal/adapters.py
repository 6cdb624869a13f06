"""The lower floors in the portal's words."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from hub import links
from hub.compose import Hub
from hub.incidents import Incidents
from hub.portal.checks import CheckedBatch, CheckedTable, CheckLine, Claimed
from hub.portal.views import Batch, CatalogueColumn, CatalogueTable, Fact, Project, ProjectState, Rarity, SystemState
from ingestion.catalogue import catalogue
from ingestion.contract_column import Column
from ingestion.ledger import Batch as LedgerBatch
from ingestion.results import Results, ResultStore
from projects import dates
from projects.rarity import Rarity as RarityOfExtract
from projects.state import Projects
from pseudonymization.errors import PseudonymizationError

LAST_BATCHES = 20
CHECKED_BATCHES = 5


def catalogue_view(hub: Hub) -> list[CatalogueTable]:
    """The published tables; counts below the site's threshold are hidden."""
    return [
        CatalogueTable(
            name=one.name,
            source=one.source,
            labels=one.label.model_dump(),
            columns=[
                CatalogueColumn(
                    column.name,
                    column.label.model_dump(),
                    column.kind,
                    column.sensitivity,
                    grantable=True,
                    tells_more_than=_tells_more_than(hub.contracts[one.name].columns[column.name]),
                )
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


def _tells_more_than(column: Column) -> frozenset[str]:
    return frozenset(one for one in dates.EVERY if not dates.fits(column, one))


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
        found = RarityOfExtract.read(self._folder / permit_id)
        rarity = Rarity(found.persons, found.by_one_row, found.by_all_rows) if found else None
        return Project(ProjectState(known.state.value), rows, rarity)


def system_view(hub: Hub) -> SystemState:
    """What an administrator wants to know at a glance."""
    try:
        _ = hub.keystore
        keys = Fact({"fr": "Clés", "en": "Keys"}, "ok", True)
    except PseudonymizationError:
        keys = Fact({"fr": "Clés", "en": "Keys"}, "hub keys init", False)
    published = len(hub.ledger.pointers())
    tables = Fact({"fr": "Tables publiées", "en": "Published tables"}, str(published), published > 0)
    waiting = Incidents(hub.engine).open_count()
    incidents = Fact({"fr": "Incidents ouverts", "en": "Open incidents"}, str(waiting), waiting == 0)
    return SystemState(
        [keys, tables, incidents], [batch_view(one) for one in reversed(hub.ledger.batches()[-LAST_BATCHES:])]
    )


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


def checks_view(hub: Hub) -> list[CheckedTable]:
    """What is kept of each table's last batches, by source and name; small counts are hidden from here on."""
    threshold = hub.settings.catalogue.small_count
    last: dict[str, list[LedgerBatch]] = {}
    for batch in reversed(hub.ledger.batches(states=["published", "rejected"])):
        if batch.replay_of:
            # A selection of rows that were refused once: nothing to compare the others with.
            continue
        mine = last.setdefault(batch.table, [])
        if len(mine) < CHECKED_BATCHES:
            mine.append(batch)
    results = ResultStore(hub.engine).of([one.batch_id for batches in last.values() for one in batches])
    nothing = Results((), ())
    return [
        CheckedTable(
            name=contract.table,
            source=contract.source,
            labels=contract.label.model_dump(),
            batches=[_checked(one, results.get(one.batch_id, nothing), threshold) for one in last[contract.table]],
        )
        for contract in sorted(hub.contracts.values(), key=lambda one: (one.source, one.table))
        if contract.table in last
    ]


def claimed_view(hub: Hub) -> list[Claimed]:
    """What the open incident of links says, source by source."""
    open_ones = [one for one in Incidents(hub.engine).all(only_open=True) if one.kind == links.KIND]
    return [Claimed(source, count) for one in open_ones for source, count in links.told_in(one.found)]


def _checked(batch: LedgerBatch, results: Results, threshold: int) -> CheckedBatch:
    def shown(count: int) -> int | None:
        # All are rounded: the difference of two exact ones would tell a hidden third.
        return None if 0 < count < threshold else round(count / 10) * 10

    counts = batch.counts
    return CheckedBatch(
        batch=batch.batch_id[:12],
        at=batch.finished_at or batch.taken_at,
        published=batch.state == "published",
        read=shown(counts.rows_read) if counts else None,
        accepted=shown(counts.accepted) if counts else None,
        quarantined=shown(counts.quarantined) if counts else None,
        duplicates=shown(counts.duplicates) if counts else None,
        checks=[CheckLine(one.says, one.kind == "drift", one.outcome, one.found) for one in results.checks],
        figures={(one.name, one.column): None if one.hidden else one.value for one in results.figures if one.column},
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None
