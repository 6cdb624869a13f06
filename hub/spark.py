"""Builds the one Spark session that the lower floors are handed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pyspark import SparkContext
from pyspark.sql import SparkSession

from hub.errors import HubError
from hub.spark_cluster import cluster_settings

#: In the folder of the jars: Spark's classes as this machine's Java maps them, made by `hub.spark_archive`.
ARCHIVE = "hub.jsa"
#: Bytes that a session needs before it does anything: its jars are copied into its temporary folder.
ROOM = 48 * 2**20
# The first compiler alone gets 48 MB for what it makes. An ingestion of many tables fills them, after which the JVM
# interprets the rest, and says so on the command's own output.
_COMPILERS = {"full": "", "quick": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"}


@dataclass(frozen=True)
class SparkOptions:
    """What a site may set of Spark.

    `master` is a Spark URL; `driver_memory` a JVM size such as `3g`; `shuffle_partitions` a count;
    `event_log` keeps Spark's event log under the hub's logs; `driver_host` is the address at which a cluster's
    workers reach this process, and `executor_memory` what each of their executors takes; `jars_folder` has jars that
    driver and executors find beside PySpark's; `compiler` is `full`, or `quick` for the JVM's first compiler alone.
    """

    master: str = "local[*]"
    driver_memory: str = "3g"
    shuffle_partitions: int = 4
    compiler: str = "full"
    event_log: bool = False
    driver_host: str = "127.0.0.1"
    executor_memory: str = "2g"
    jars_folder: Path | None = None


def build_session(
    options: SparkOptions,
    *,
    jars: Path,
    tmp: Path,
    logs: Path,
    name: str = "hub",
    java: str = "",
    more: Mapping[str, str] = MappingProxyType({}),
) -> SparkSession:
    """Start (or return) the session: Delta from local jars, temporary files encrypted and sealed.

    `java` are options of the JVM in the place of the archive's, `more` settings beside these. Raises `HubError` when
    the jars are missing or the disk has no room. `spark.io.encryption.enabled` matters for more than disks: a key that
    travels in a broadcast frame would otherwise be spilled in clear.
    """
    found = sorted(str(jar) for jar in jars.glob("*.jar"))
    if not found:
        raise HubError(f"No Delta jars in {jars}: run `./run doctor`, then `./run hub --help` to fetch them.")
    tmp.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(tmp).free < ROOM:
        raise HubError(f"No space left to start: {tmp} needs {ROOM >> 20} MB free. Free some space and run this again.")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    # Python workers and the launcher make temporary files too.
    os.environ["TMPDIR"] = str(tmp)
    os.environ["SPARK_LOCAL_DIRS"] = str(tmp)
    settings = {
        "spark.jars": ",".join(found),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.driver.memory": options.driver_memory,
        "spark.driver.host": options.driver_host,
        "spark.driver.bindAddress": options.driver_host,
        "spark.driver.extraJavaOptions": (
            f"-Djava.io.tmpdir={tmp} -Dderby.system.home={tmp} -XX:+UseParallelGC "
            # What a JVM writes when it dies shows pieces of its memory: into the sealed folder with it.
            f"-XX:ErrorFile={tmp}/hs_err_%p.log {_COMPILERS[options.compiler]} {java or shared_classes(jars)}"
        ),
        "spark.local.dir": str(tmp),
        "spark.sql.warehouse.dir": str(tmp / "warehouse"),
        "spark.io.encryption.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        # An ANSI failure, or the old parser's complaint, quotes the row's value into exceptions, stderr and event
        # logs: no expression of ours or of a site's contract may be able to.
        "spark.sql.ansi.enabled": "false",
        "spark.sql.legacy.timeParserPolicy": "CORRECTED",
        "spark.sql.shuffle.partitions": str(options.shuffle_partitions),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Ten thousand notes at once, Spark's own choice, are 30 MB and more: they leave the cache of a worker.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
        # A wrong row count beats a fast one: pruning hides malformed lines.
        "spark.sql.csv.parser.columnPruning.enabled": "false",
        "spark.sql.debug.maxToStringFields": "25",
        # Each operation on a column would ask the JVM seven more questions, to note which line of Python it is on.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        "spark.redaction.regex": "(?i)secret|password|token|pad|key",
        # An error line of Spark quotes the exception, and an exception can quote a row.
        "spark.log.level": "FATAL",
    }
    if not options.master.startswith("local"):
        settings |= cluster_settings(options.master, options.executor_memory, tmp)
    if options.jars_folder:
        # Named by `spark.jars`, hundreds of megabytes would be copied for each session.
        beside = f"{options.jars_folder.absolute()}/*"
        settings |= {"spark.driver.extraClassPath": beside, "spark.executor.extraClassPath": beside}
    settings |= more
    if options.event_log:
        events = logs / "spark-events"
        events.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": events.as_uri()}
    builder = SparkSession.builder.appName(name).master(options.master)
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("FATAL")
    return session


def shared_classes(jars: Path, name: str = ARCHIVE) -> str:
    """The option that maps the archive of classes; empty without one. A JVM ignores, silently, one it did not make."""
    archive = jars / name
    return f"-XX:SharedArchiveFile={archive} -Xshare:auto -Xlog:disable" if archive.exists() else ""


def end_session(session: SparkSession) -> None:
    """Stop the session and its JVM, which `SparkSession.stop` leaves running for the life of the process."""
    session.stop()
    gateway = SparkContext._gateway
    if gateway is None:
        return
    SparkContext._gateway = SparkContext._jvm = None
    gateway.shutdown()
    process = getattr(gateway, "proc", None)
    if process is not None:
        process.stdin.close()
        process.wait(30)
