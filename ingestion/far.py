"""A place that no path of this machine leads to: an object store or HDFS, by the client that the engine writes with.

One client for both means one set of addresses and credentials, which are the engine's: none is known here.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from ingestion.redact import name_of, redacted

_ABSENT = "java.io.FileNotFoundException"


@dataclass(frozen=True)
class Far:
    """The folder (or file) at `url`, such as `s3a://bucket/lake`; what `ingestion.folder.Folder` asks of it.

    Raises `EngineError` where the store cannot be reached or says no.
    """

    url: str
    spark: SparkSession = field(repr=False, compare=False)

    def __truediv__(self, name: str) -> Far:
        return Far(f"{self.url.rstrip('/')}/{name}", self.spark)

    def __str__(self) -> str:
        # As Hadoop writes it: Delta takes file:///x and file:/x for two places.
        return self.url.replace("file:///", "file:/", 1)

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self.url.rstrip("/").rpartition("/")[2]

    def names(self) -> list[str]:
        """See `Folder.names`."""
        return [str(one.getPath().getName()) for one in self._items() if not one.isDirectory()]

    def folders(self) -> list[str]:
        """See `Folder.folders`."""
        return [str(one.getPath().getName()) for one in self._items() if one.isDirectory()]

    def read(self, name: str) -> str:
        """See `Folder.read`."""
        with self._asked("reading"):
            stream = self._system().open(self._path(name))
            try:
                return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
            finally:
                stream.close()

    def sizes(self) -> dict[str, int]:
        """See `Folder.sizes`."""
        found: dict[str, int] = {}
        try:
            with self._asked("listing"):
                system = self._system()
                start = len(str(system.makeQualified(self._path()).toString()).rstrip("/")) + 1
                items = system.listFiles(self._path(), True)
                while items.hasNext():
                    one = items.next()
                    found[str(one.getPath().toString())[start:]] = int(one.getLen())
        except FileNotFoundError:
            return {}
        return found

    def held(self, names: Collection[str]) -> dict[str, int]:
        """See `Folder.held`."""
        # One listing answers for a thousand files, a question answers for one.
        there = self.sizes() if names else {}
        return {name: there[name] for name in names if name in there}

    def delete(self, names: Collection[str]) -> None:
        """See `Folder.delete`."""
        with self._asked("deleting"):
            system = self._system()
            for name in names:
                system.delete(self._path(name), False)

    def remove(self) -> None:
        """See `Folder.remove`."""
        with self._asked("deleting"):
            self._system().delete(self._path(), True)

    def copy(self, into: Path) -> Path:
        """See `Folder.copy`."""
        copied = into / self.name
        for name in self.sizes():
            self._copy(name, copied / name)
        return copied

    def one_by_one(self, into: Path) -> Iterator[tuple[str, Path]]:
        """(name, copy in `into`) of each file below; a copy is gone when the next is asked for.

        A file that goes away meanwhile is left out.
        """
        for name in self.sizes():
            target = into / "file" / Path(name).name
            try:
                self._copy(name, target)
                yield name, target
            except FileNotFoundError:
                continue
            finally:
                shutil.rmtree(target.parent, ignore_errors=True)

    def _copy(self, name: str, target: Path) -> None:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        near = self._java_path(f"file://{target.absolute()}")
        with self._asked("copying"):
            self._system().copyToLocalFile(False, self._path(name), near, True)

    def _items(self) -> list[Any]:
        try:
            with self._asked("listing"):
                return list(self._system().listStatus(self._path()))
        except FileNotFoundError:
            return []

    @property
    def _jvm(self) -> Any:
        return self.spark._jvm

    def _java_path(self, url: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(url)

    def _path(self, name: str = "") -> Any:
        return self._java_path(str(self / name) if name else self.url)

    def _system(self) -> Any:
        # Hadoop keeps one client for each store; asking again costs nothing.
        jsc: Any = self.spark._jsc
        return self._path().getFileSystem(jsc.hadoopConfiguration())

    @contextmanager
    def _asked(self, doing: str) -> Iterator[None]:
        """What the store says no to, in the hub's own words; a file that is not there as Python says it."""
        with redacted(f"{doing} files of the lake", self.name):
            try:
                yield
            except Py4JError as error:
                if name_of(error) == _ABSENT:
                    raise FileNotFoundError(self.name) from None
                raise
