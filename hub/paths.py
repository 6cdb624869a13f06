"""Where the hub keeps everything: one folder, closed to others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
JARS = TOOLS / "jars"
NODE_MODULES = TOOLS / "node" / "node_modules"


@dataclass(frozen=True)
class Home:
    """The folders under `HUB_HOME`; every one is 0700."""

    root: Path

    @property
    def landing(self) -> Path:
        """Files as they arrived: `landing/<source>/<drop>/`."""
        return self.root / "landing"

    @property
    def sealed(self) -> Path:
        """Keys, quarantine, identities and the temporary files of batches."""
        return self.root / "sealed"

    @property
    def keys(self) -> Path:
        """The file key store, 0600."""
        return self.sealed / "keys.json"

    @property
    def quarantine(self) -> Path:
        """Encrypted rows that a contract refused."""
        return self.sealed / "quarantine"

    @property
    def identities(self) -> Path:
        """The encrypted identity table that scrubs notes."""
        return self.sealed / "identities"

    @property
    def archive(self) -> Path:
        """Drops that were put away, encrypted."""
        return self.sealed / "archive"

    @property
    def erasures(self) -> Path:
        """Erasures that are under way, encrypted."""
        return self.sealed / "erasures"

    @property
    def reviews(self) -> Path:
        """Notes that somebody is to read, each until its review has ended."""
        return self.sealed / "reviews"

    @property
    def certificates(self) -> Path:
        """Signed certificates of purges and erasures; nothing in them identifies anybody."""
        return self.root / "certificates"

    @property
    def intake(self) -> Path:
        """Drops taken in under neutral names while a batch reads them."""
        return self.sealed / "intake"

    @property
    def seen(self) -> Path:
        """Which files were read before, by keyed digests of their names."""
        return self.sealed / "seen.json"

    @property
    def watermarks(self) -> Path:
        """How far each table of a source database was read."""
        return self.sealed / "watermarks.json"

    @property
    def sealed_tmp(self) -> Path:
        """`spark.local.dir`, `java.io.tmpdir` and `TMPDIR`, a folder for each process; see `hub.scratch`."""
        return self.sealed / "tmp"

    @property
    def lake(self) -> Path:
        """Delta tables without direct identifiers."""
        return self.root / "lake"

    @property
    def projects(self) -> Path:
        """`projects/<project>/data/<table>` and `projects/<project>/home/<person>`."""
        return self.root / "projects"

    @property
    def tracking(self) -> Path:
        """MLflow's database and artifacts."""
        return self.root / "tracking"

    @property
    def jupyterhub(self) -> Path:
        """JupyterHub's database and cookie secret."""
        return self.root / "jupyterhub"

    @property
    def run(self) -> Path:
        """Sockets and process ids of what is running now."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """Logs and, where asked for, Spark event logs."""
        return self.root / "logs"

    @property
    def records(self) -> Path:
        """The SQLite database, unless `database.url` names another."""
        return self.root / "records.db"

    def make(self) -> Home:
        """Create what is missing, 0700, and return self."""
        for folder in (
            self.root,
            self.landing,
            self.sealed,
            self.quarantine,
            self.identities,
            self.archive,
            self.erasures,
            self.certificates,
            self.intake,
            self.sealed_tmp,
            self.lake,
            self.projects,
            self.tracking,
            self.jupyterhub,
            self.run,
            self.logs,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        return self
