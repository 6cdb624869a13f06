"""Puts the floors together: what each needs is built here once and handed down."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from governance.service import Governance
from hub.database import build_engine, upgrade
from hub.doctor import java_finding
from hub.errors import HubError
from hub.object_store import store_settings
from hub.paths import JARS, Home
from hub.scratch import make_scratch
from hub.settings import Settings, load_settings
from hub.spark import SparkOptions, build_session, end_session
from ingestion.contract_set import PACKAGED, Contracts, load_contracts
from ingestion.derived.definition import Flat, Timeline, load_definitions
from ingestion.derived.shapes import with_derived
from ingestion.far import Far
from ingestion.folder import Place
from ingestion.lake import Lake
from ingestion.ledger import Ledger
from projects.state import Projects
from pseudonymization.keystore import KeyStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def now() -> datetime:
    """The clock of the product: UTC."""
    return datetime.now(UTC)


def require_java() -> None:
    """Raises `HubError` with what to type unless a fitting Java is there."""
    java = java_finding()
    if not java.good:
        raise HubError(f"Java 17 or 21 is needed and `java` is {java.seen}. Type: {java.remedy}")


@dataclass
class Hub:
    """Everything that a door may use, each part built when it is first asked for."""

    settings: Settings

    @classmethod
    def load(cls) -> Hub:
        """The hub that `hub.yaml` and the environment describe. Raises `HubError` on a wrong setting."""
        return cls(load_settings())

    @cached_property
    def home(self) -> Home:
        """The folder of everything that is kept, made when missing."""
        os.umask(0o077)
        try:
            return Home(self.settings.home.absolute()).make()
        except OSError as error:
            raise HubError(
                f"{self.settings.home} cannot be used ({error.strerror}): mend it, or set HUB_HOME to another folder."
            ) from None

    @cached_property
    def engine(self) -> Engine:
        """The records database, brought to the newest schema."""
        engine = build_engine(self.settings.database.url, self.home.records)
        upgrade(engine)
        return engine

    @cached_property
    def keystore(self) -> KeyStore:
        """The key store. Raises `KeysMissing` before `hub keys init`, `KeysLocked` when nothing named opens it."""
        return self.current(KeyStore.open(self.home.keys, self.settings.keys.unlocker))

    def forget_keys(self) -> None:
        """The key file was changed: it is read again when keys are next asked for."""
        self.__dict__.pop("keystore", None)

    def current(self, keys: KeyStore) -> KeyStore:
        """These keys as the lake bears them: the ledger says of which generation that is.

        Raises `KeysUnreadable` when the key file is an older copy than the lake.
        """
        return keys.at(self.ledger.key_id() or keys.root_id)

    @cached_property
    def contracts(self) -> Contracts:
        """The packaged contracts and the site's own, and those of the tables that are derived from them."""
        return with_derived(load_contracts(PACKAGED, *self.settings.contracts), self.definitions)

    @cached_property
    def definitions(self) -> dict[str, Flat | Timeline]:
        """What the derived tables are made of, packaged and the site's own."""
        return load_definitions(*self.settings.derived)

    @cached_property
    def ledger(self) -> Ledger:
        """Batches and published versions."""
        return Ledger(self.engine)

    @cached_property
    def governance(self) -> Governance:
        """People, applications and permits."""
        return Governance(self.engine, now)

    @cached_property
    def projects(self) -> Projects:
        """The state of every project."""
        return Projects(self.engine, now)

    @cached_property
    def spark(self) -> SparkSession:
        """The Spark session. Raises `HubError` when Java is missing."""
        require_java()
        wanted = self.settings.spark
        options, lake = SparkOptions(**wanted.model_dump()), self.settings.lake
        store = store_settings(
            lake.url, endpoint=lake.endpoint, region=lake.region, jars=wanted.jars_folder, tmp=self.scratch
        )
        return build_session(options, jars=JARS, tmp=self.scratch, logs=self.home.logs, more=store)

    @cached_property
    def scratch(self) -> Path:
        """This process's own sealed temporary folder; those of dead processes are emptied."""
        return make_scratch(self.home.sealed_tmp)

    @property
    def lake_place(self) -> Place:
        """Where the lake's tables are. Starts the engine for a place that only it reaches."""
        url = self.settings.lake.url
        if not url:
            return self.home.lake
        if "://" in url:
            return Far(url, self.spark)
        try:
            Path(url).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise HubError(f"lake.url: {url} cannot be used ({error.strerror}): mend it, or name another.") from None
        return Path(url)

    @cached_property
    def lake(self) -> Lake:
        """The lake, read by published version only."""
        return Lake(self.spark, self.lake_place, self.ledger)

    def close(self) -> None:
        """Stop Spark and let the database go, where they were started; asked for again, they start anew."""
        started = self.__dict__
        started.pop("lake", None)
        if spark := started.pop("spark", None):
            end_session(spark)
        for part in ("ledger", "governance", "projects"):
            started.pop(part, None)
        if engine := started.pop("engine", None):
            engine.dispose()
        if scratch := started.pop("scratch", None):
            shutil.rmtree(scratch, ignore_errors=True)
