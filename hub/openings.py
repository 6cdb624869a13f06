"""Opens and closes projects with everything that the roof has built."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from governance.people import OPERATOR
from hub.compose import Hub, now
from hub.errors import HubError, explain
from hub.reviews.draw import require_read
from ingestion.delta_log import data_files
from ingestion.effort import measured_effort
from ingestion.folder import Place
from ingestion.pins import pinned
from projects.extract import ExtractReport, compile_extract
from projects.generalize import Generalization
from projects.opening import close_project, ended, open_project
from projects.state import State
from projects.unicity import measure_extract
from projects.workspace import launch
from projects.workspace.places import socket_folder
from pseudonymization.keyfile import Secret
from pseudonymization.keystore import destroy_project_key, give_project_key

if TYPE_CHECKING:
    from hub.progress import Tick

#: A table's Parquet files are about an eighth of its text; effort is measured in text.
_TEXT_TO_PARQUET = 8


def open_permit(hub: Hub, permit_id: str, tick: Tick) -> ExtractReport:
    """Compile the permit's extract and open its project. Raises `HubError` for a permit that is not active."""
    permit = hub.governance.permit(permit_id)
    if not permit.active(now()):
        raise HubError(f"Permit {permit_id} is {permit.state(now()).value}: only an active permit opens a project.")

    def compile_into(place: Path) -> ExtractReport:
        tick("Starting Spark", 0, None)
        spark = hub.spark
        tick(f"Writing the extract of {permit_id}", 0, len(permit.tables))
        with (
            measured_effort(spark, _TEXT_TO_PARQUET * _largest(hub.lake_place, permit.tables)),
            pinned(hub.lake, hub.ledger, hub.home.run / "pins") as lake,
        ):
            report = compile_extract(
                permit,
                spark=spark,
                lake=lake,
                contracts=hub.contracts,
                keystore=hub.keystore,
                folder=place / "data",
                rough=Generalization(hub.settings.extracts.least_persons, hub.settings.extracts.oldest_age),
                today=now().date(),
            )
            tick(f"Measuring how rare the persons of {permit_id} are", len(permit.tables), len(permit.tables))
            rarity = measure_extract(place / "data", permit, spark=spark, contracts=hub.contracts)
            rarity.write(place)
            return report

    require_read(hub, {table: tuple(columns) for table, columns in permit.tables.items()})
    if hub.projects.find(permit_id) is None:
        # A key of its own can be destroyed; projects from before there were any keep theirs, which comes from the root.
        give_project_key(hub.home.keys, permit_id, hub.settings.keys.unlocker)
        hub.forget_keys()
    tick("Waiting for other extracts", 0, None)
    # One extract at a time: each starts an engine of its own.
    with FileLock(hub.home.run / "extract.lock"):
        return open_project(
            permit,
            projects=hub.projects,
            folder=hub.home.projects,
            compile_into=compile_into,
            explain=lambda error: explain(error).sentence,
        )


def _largest(lake: Place, tables: Iterable[str]) -> int:
    """Bytes of the largest of these tables."""
    return max((sum(data_files(lake / one).values()) for one in tables), default=0)


def close_permit(hub: Hub, permit_id: str, reason: str) -> None:
    """Close the permit, then its project."""
    permit = hub.governance.permit(permit_id)
    if permit.active(now()):
        hub.governance.close(OPERATOR, permit_id, reason)
    end_project(hub, permit_id, reason)


def destroy_key(hub: Hub, project: str) -> Secret:
    """Forget the key of a closed project whose data are gone. Raises `HubError`, `KeyDestroyed`."""
    known = hub.projects.find(project)
    if known is None:
        raise HubError(f"There is no project {project}: `hub project list` lists them.")
    if known.state is not State.CLOSED or (hub.home.projects / project / "data").exists():
        raise HubError(
            f"Project {project} still has data, of which nobody could be erased without its key: close it first, with "
            f"`hub project close {project}`."
        )
    destroyed = destroy_project_key(hub.home.keys, project, hub.settings.keys.unlocker).project(project)
    hub.forget_keys()
    assert destroyed is not None  # noqa: S101 - `destroy_project_key` raises when there is none
    hub.ledger.record(destroyed.id, project, "key destroyed")
    return destroyed


def sweep_ended(hub: Hub) -> list[str]:
    """End every project without an active permit; returns their ids."""
    over = ended(hub.projects, (permit.id for permit in hub.governance.active_permits(now())))
    for project in over:
        end_project(hub, project, "The permit has ended.")
    return over


def end_project(hub: Hub, project: str, reason: str) -> None:
    """Stop the project's workspaces and remove its data; nothing when it was never opened."""
    if hub.projects.find(project) is None:
        return
    close_project(
        project,
        reason,
        projects=hub.projects,
        folder=hub.home.projects,
        stop_workspaces=lambda name: launch.stop_all(socket_folder(hub.home.run), name),
    )


def stop_person(hub: Hub, username: str) -> None:
    """Stop every workspace of a person whose account was shut."""
    for running in launch.found(socket_folder(hub.home.run)):
        if running.person == username:
            launch.stop(running)
