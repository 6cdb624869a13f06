"""`demo --check`: every person's part, played through the real doors in a fresh home."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from hub.compose import Hub
from hub.demo import questions, wish
from hub.demo.chain import SEED, SOURCES, YEARS, Account, differences, make_accounts, make_keys
from hub.demo.client import HubClient, Kernel, Workspace
from hub.demo.failures import force_failures
from hub.demo.leaks import home_needles, search_home
from hub.demo.sample import generate
from hub.demo.sample.identities import identifying_strings
from hub.demo.sample.manifest import Manifest
from hub.demo.served import Served
from hub.demo.steps import Step, StepFailed, Steps
from hub.demo.visitor import Visitor
from hub.errors import HubError
from hub.ingest import ingest_source
from hub.leaks.needles import text_needles
from hub.leaks.search import search
from hub.settings import load_settings

NOTEBOOK = "01-diabetes-admission.ipynb"
#: Temporary folders of the machine: nothing may be left in them either.
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - searched, never written


def check_demo(*, people: int, keep: Path | None = None, report: Path | None = None) -> int:
    """Play the demonstration; 0 when every step held, else 1. `keep` names a new folder that is left there."""
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise HubError(f"{keep} is not empty: name a new folder.")
    home = keep or Path(tempfile.mkdtemp(prefix="hub-demo-"))
    steps = Steps(lambda line: typer.echo(line))
    settings = load_settings()
    # Event logs are on: they are among the places where a value could hide.
    spark = settings.spark.model_copy(update={"event_log": True})
    # A site's own lake is no place for a play.
    lake = settings.lake.model_copy(update={"url": None})
    hub = Hub(settings.model_copy(update={"home": home, "spark": spark, "lake": lake}))
    try:
        _Play(hub, steps, people).play()
    except StepFailed as failure:
        typer.echo(str(failure), err=True)
    finally:
        hub.close()
        steps.print()
        if report is not None:
            steps.write(report)
        if keep is None:
            shutil.rmtree(home, ignore_errors=True)
    return 0 if steps.held else 1


class _Play:
    """The play: `hub` is a fresh one, its home empty."""

    def __init__(self, hub: Hub, steps: Steps, people: int) -> None:
        self.hub, self.steps, self.people = hub, steps, people
        self.began = time.time()
        self.accounts: dict[str, Account] = {}

    def play(self) -> None:
        """Every step in order. Raises `StepFailed` at the first that does not hold."""
        self._prepare()
        self._ingest()
        self.hub.close()
        with self.steps.step("The hub opens: proxy, JupyterHub, portal, MLflow") as step:
            served = Served(self.hub.home.root)
            served.__enter__()
            step.show(served.url)
        try:
            with HubClient(served.url) as researcher, HubClient(served.url) as steward, HubClient(served.url) as other:
                permit = self._apply_and_decide(researcher, steward)
                self._work(researcher, permit, served.port)
                self._strangers(researcher, steward, other, permit)
                self._close(researcher, steward, permit)
        finally:
            served.stop()
        self._search()

    def _prepare(self) -> None:
        with self.steps.step("Keys and accounts") as step:
            make_keys(self.hub)
            made = make_accounts(self.hub)
            self.accounts = {account.username: account for account in made}
            step.show(f"{len(made)} accounts, one key file, mode {self.hub.home.keys.stat().st_mode & 0o777:04o}")
        with self.steps.step("Sample written") as step:
            manifest = generate(self.people, YEARS, SEED, self.hub.home.landing, None)
            rows = sum(entry.rows for entry in manifest.files.values())
            faults = sum(count for kinds in manifest.faults.values() for count in kinds.values())
            step.show(f"{manifest.people:,} people, {rows:,} rows, {faults} declared faults", rows=rows, faults=faults)

    def _ingest(self) -> None:
        manifest = Manifest.load(self.hub.home.landing)
        for source in SOURCES:
            with self.steps.step(f"{source} ingested") as step, self._stderr_kept():
                reports = ingest_source(self.hub, source, None, _silent)
                wrong = differences(reports, manifest.expected)
                tables = [table for one in reports for table in one.tables]
                read, accepted, refused, duplicates = (
                    sum(getattr(table, name) for table in tables)
                    for name in ("rows_read", "accepted", "refused", "duplicates")
                )
                step.show(
                    f"{read:,} rows read = {accepted:,} accepted + {refused} quarantined + {duplicates} duplicates",
                    read=read,
                    accepted=accepted,
                    quarantined=refused,
                    duplicates=duplicates,
                )
                step.demand(not wrong, "Not what the sample declared: " + "; ".join(wrong))
                step.demand(read == accepted + refused + duplicates and read > 0, "Rows were lost.")
                step.show("faults exactly as declared")
        with self.steps.step("The same drops again") as step, self._stderr_kept():
            before = {one.table: one.version for one in self.hub.ledger.pointers()}
            again = [report for source in SOURCES for report in ingest_source(self.hub, source, None, _silent)]
            after = {one.table: one.version for one in self.hub.ledger.pointers()}
            step.demand(before == after and not any(report.changed for report in again), "Something changed.")
            step.show(f"{len(after)} published tables, none moved")
        with self.steps.step("Failures forced over identifying rows") as step, self._stderr_kept():
            forced = force_failures(self.hub.spark, self.hub.home.landing)
            step.demand(len(forced) == 3, f"Only these came about: {forced}.")
            step.show(", ".join(forced))

    def _apply_and_decide(self, researcher: HubClient, steward: HubClient) -> str:
        with self.steps.step("The researcher signs in, reads the catalogue, applies") as step:
            self._sign_in(researcher, "camille")
            visitor = Visitor(researcher)
            step.demand("ER_PRS_F" in visitor.read("/catalogue"), "The catalogue does not list ER_PRS_F.")
            end = (datetime.now(UTC).date() + timedelta(days=180)).isoformat()
            answer = visitor.send("/applications/new", "/applications/new", wish.form(end_date=end))
            filed = answer.url.path.rsplit("/", 1)[-1]
            step.demand(answer.status_code == 200 and filed.startswith("a0"), f"Filing gave {answer.status_code}.")
            step.show(f"application {filed}")
        with self.steps.step("Who filed cannot decide; the steward reads and grants") as step:
            path = f"/applications/{filed}/decision"
            own = visitor.send(f"/applications/{filed}", path, {"decision": "grant", "reason": "parce que"})
            step.demand(own.status_code == 403, f"Deciding on one's own application gave {own.status_code}.")
            self._sign_in(steward, "solene")
            desk = Visitor(steward)
            step.demand(filed in desk.read("/"), "The steward's home does not show what waits.")
            decided = desk.send(path, path, {"decision": "grant", "reason": "Finalité claire, données proportionnées."})
            step.demand(decided.status_code == 200, f"Granting gave {decided.status_code}.")
            permit = self.hub.governance.application(filed).permit
            step.demand(permit is not None, "No permit resulted.")
            step.show(f"403 for the applicant, then permit {permit}")
        assert permit is not None  # noqa: S101 - demanded above
        with self.steps.step("The permit compiles into an extract") as step:
            self._await_open(permit)
            described = json.loads((self.hub.home.projects / permit / "data" / "permit.json").read_text("utf-8"))
            rows = {name: table["rows"] for name, table in described["tables"].items()}
            step.demand(set(rows) == set(wish.TABLES), "The extract does not hold the granted tables.")
            step.demand(all(count > 0 for count in rows.values()), f"A table of the extract is empty: {rows}.")
            step.show(", ".join(f"{name} {count:,}" for name, count in rows.items()), rows=rows)
        return permit

    def _work(self, researcher: HubClient, permit: str, port: int) -> None:
        with self.steps.step("JupyterLab in the sandbox; the kernel answers") as step:
            workspace = researcher.spawn(permit)
            with workspace.kernel() as kernel:
                seen = _ask(kernel, questions.TABLES)
                step.show(f"{len(seen)} tables read with Spark, {sum(seen.values()):,} rows", seen=seen)
                step.demand(set(seen) == set(wish.TABLES), "The kernel does not see exactly the granted tables.")
        with self.steps.step("From inside: no network, nothing of the machine") as step:
            with workspace.kernel() as kernel:
                question = questions.ISOLATION.format(port=port, home=str(self.hub.home.root))
                seen = _ask(kernel, question)
            step.show(
                f"{len(seen['reached'])} addresses reached, interfaces {seen['interfaces']}, "
                f"{seen['processes']} processes, uid {seen['uid']}, capabilities {seen['capabilities']}",
                **seen,
            )
            step.demand(seen["reached"] == [] and not seen["resolves"], "A connection left the sandbox.")
            step.demand(seen["interfaces"] == ["lo"], "There is a network interface.")
            step.demand(not seen["home_seen"] and not seen["secrets"], "Something of the hub is visible.")
            step.demand(not seen["data_writable"] and not seen["system_writable"], "Read-only folders are not.")
            step.demand(seen["host_processes"] == [] and seen["capabilities"] == 0, "The host is visible.")
        with self.steps.step("The starter notebook runs top to bottom; MLflow holds its model") as step:
            outputs = workspace.run_notebook(NOTEBOOK)
            with workspace.kernel() as kernel:
                tracked = _ask(kernel, questions.TRACKED)
            step.demand(tracked["runs"] >= 1 and tracked["models"], "No run or no registered model in MLflow.")
            metrics = ", ".join(f"{name} {value:.3f}" for name, value in sorted(tracked["metrics"].items())[:3])
            step.show(
                f"{len(outputs)} cells, {tracked['runs']} run, model {tracked['models'][0][0]}, {metrics}", **tracked
            )

    def _strangers(self, researcher: HubClient, steward: HubClient, other: HubClient, permit: str) -> None:
        with self.steps.step("Another project sees neither files nor models of this one") as step:
            self._sign_in(other, "noor")
            visitor, desk = Visitor(other), Visitor(steward)
            end = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
            fields = wish.form(end_date=end) | {"columns": ["IR_BEN_R.BEN_NAI_ANN", "IR_BEN_R.BEN_SEX_COD"]}
            filed = visitor.send("/applications/new", "/applications/new", fields).url.path.rsplit("/", 1)[-1]
            path = f"/applications/{filed}/decision"
            desk.send(path, path, {"decision": "grant", "reason": "Extrait minimal."})
            second = self.hub.governance.application(filed).permit
            step.demand(second is not None, "No second permit resulted.")
            assert second is not None  # noqa: S101 - demanded above
            self._await_open(second)
            workspace = other.spawn(second)
            with workspace.kernel() as kernel:
                folder = str(self.hub.home.projects / permit)
                seen = _ask(kernel, questions.STRANGER.format(other=permit, folder=folder))
            step.demand("diabetes-admission" not in seen["names"] + seen["own_names"], "A run was visible.")
            step.demand(seen["files"] == [], "A file of the other project was visible.")
            entered = other.http.get(f"/user/{researcher.username}/{permit}/lab")
            step.demand(entered.status_code in (403, 404), f"Another's workspace answered {entered.status_code}.")
            self._differ(step, permit, second)
            other.stop(second)
            step.show(f"MLflow answered {seen['status']}, the other's workspace {entered.status_code}")

    def _differ(self, step: Step, first: str, second: str) -> None:
        """The two projects' pseudonyms share nothing."""
        pseudonyms = [
            set(pq.read_table(self.hub.home.projects / one / "data" / "IR_BEN_R").column("pseudonym").to_pylist())
            for one in (first, second)
        ]
        step.demand(all(pseudonyms) and not pseudonyms[0] & pseudonyms[1], "Two projects share a pseudonym.")
        step.show(f"0 of {len(pseudonyms[0]):,} pseudonyms shared")

    def _close(self, researcher: HubClient, steward: HubClient, permit: str) -> None:
        with self.steps.step("The steward closes the project: server stopped, data gone") as step:
            workspace = Workspace(researcher, permit)
            with workspace.kernel() as kernel:
                step.demand("READ" in kernel.run(questions.GONE).text, "The data could not be read before closing.")
            desk = Visitor(steward)
            path = f"/projects/{permit}"
            closed = desk.send(path, f"{path}/close", {"reason": "Étude terminée."})
            step.demand(closed.status_code == 200, f"Closing gave {closed.status_code}.")
            start = time.monotonic()
            while researcher.running(permit) or (self.hub.home.projects / permit / "data").exists():
                step.demand(time.monotonic() - start < 90, "The workspace still runs a minute and a half later.")
                time.sleep(0.2)
            step.show(f"gone {time.monotonic() - start:.1f} s after the click")
            answer = researcher.api("POST", f"/users/{researcher.username}/servers/{permit}")
            pending = answer.status_code in (201, 202)
            step.demand(not pending or not self._comes_up(researcher, permit), "A closed project opened again.")

    def _comes_up(self, researcher: HubClient, permit: str) -> bool:
        try:
            researcher.spawn(permit, patience=30)
        except HubError:
            return False
        return True

    def _search(self) -> None:
        with self.steps.step("Nothing identifying outside landing and sealed") as step:
            home = self.hub.home
            temporary = [Path(tempfile.gettempdir()), *map(Path, TEMPORARY)]
            inside = search_home(home)
            around = search(self._searched(temporary), home_needles(home), skip=self._elsewhere, newer_than=self.began)
            leaks, undecoded = inside.leaks + around.leaks, inside.undecoded
            step.show(
                f"{inside.files:,} files of the hub and {around.files:,} temporary ones, "
                f"{inside.bytes + around.bytes:,} bytes decoded",
                files=inside.files,
                temporary=around.files,
            )
            where = sorted({f"{leak.kind} in {leak.file} ({leak.form})" for leak in leaks})
            step.demand(not where, f"{len(where)} leaks: " + "; ".join(where[:10]))
            step.demand(not undecoded, f"Could not be decoded: {', '.join(undecoded[:5])}")
            needles = text_needles(identifying_strings(home.landing))
            found = {leak.kind for leak in search([home.landing], needles).leaks}
            step.demand({"nir", "ipp", "phone", "mail", "name"} <= found, f"The search itself finds only {found}.")
            canary = home.lake / "canary.parquet"
            nir = next(value for kind, value in identifying_strings(home.landing) if kind == "nir")
            pq.write_table(pa.table({"x": [nir]}), canary)
            caught = search([home.lake], needles).leaks
            canary.unlink()
            step.demand([leak.file for leak in caught] == [canary] * len(caught) and bool(caught), "A canary escaped.")
            step.show(f"{len(needles):,} needles, canary caught")

    def _searched(self, folders: list[Path]) -> list[Path]:
        """The machine's temporary folders, but for this home, which is searched apart."""
        return [folder for folder in dict.fromkeys(path.resolve() for path in folders) if folder.is_dir()]

    def _elsewhere(self, path: Path) -> bool:
        """Whether this is no trace of the play: its home, a checkout of some source, another test run's folder."""
        return (
            path == self.hub.home.root.resolve()
            or path.name.startswith(("pytest-of-", "hub-t-"))
            or (path.is_dir() and (path / ".git").exists())
        )

    def _sign_in(self, client: HubClient, username: str) -> None:
        client.sign_in(username, self.accounts[username].password)

    def _await_open(self, permit: str) -> None:
        deadline = time.monotonic() + 240
        while True:
            known = self.hub.projects.find(permit)
            if known is not None and known.state.value == "open":
                return
            if known is not None and known.state.value == "failed":
                raise HubError(f"Opening {permit} failed: {known.sentence}")
            if time.monotonic() > deadline:
                raise HubError(f"Project {permit} was not open after four minutes.")
            time.sleep(0.5)

    @contextmanager
    def _stderr_kept(self) -> Iterator[None]:
        """What Spark and its workers say goes to a log that the search covers."""
        sys.stderr.flush()
        saved = os.dup(2)
        with (self.hub.home.logs / "ingest-stderr.log").open("ab") as log:
            os.dup2(log.fileno(), 2)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(saved, 2)
                os.close(saved)


def _ask(kernel: Kernel, question: str) -> dict[str, Any]:
    output = kernel.run(question, patience=180)
    if output.error is not None:
        raise HubError(f"A cell failed: {output.error}")
    answer: dict[str, Any] = json.loads(output.text.strip().splitlines()[-1])
    return answer


def _silent(_what: str, _done: int, _total: int | None) -> None:
    """The table of steps tells enough."""
