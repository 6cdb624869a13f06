"""What a session needs beside the rest when its executors are processes of a cluster, here or on other machines."""

from __future__ import annotations

import os
from pathlib import Path

from hub.errors import HubError
from hub.paths import ROOT

LOG4J = ROOT / "hub" / "spark_log4j2.xml"


def cluster_settings(master: str, executor_memory: str, tmp: Path) -> dict[str, str]:
    """Settings of executors. Raises `HubError` for a standalone cluster without a secret.

    Executors run this code from the same path, and see `HUB_HOME` at the same path: a shared folder. What they say
    to one another holds rows and keys on their way, so it is authenticated and encrypted, always.
    """
    if master.startswith("spark:"):
        _share_secret(master, tmp)
    return {
        "spark.authenticate": "true",
        "spark.network.crypto.enabled": "true",
        "spark.executor.memory": executor_memory,
        "spark.executorEnv.PYTHONPATH": str(ROOT),
        "spark.executorEnv.TMPDIR": str(tmp),
        # An error line of an executor quotes rows as one of the driver does, and lands in the worker's own folder.
        "spark.executor.syncLogLevel.enabled": "true",
        "spark.executor.extraJavaOptions": (
            f"-Djava.io.tmpdir={tmp} -XX:ErrorFile={tmp}/hs_err_%p.log -Dlog4j2.configurationFile={LOG4J.as_uri()}"
        ),
    }


def _share_secret(master: str, tmp: Path) -> None:
    """Hand the secret to the driver in a file of the sealed folder: an option shows in the list of processes."""
    secret = os.environ.get("HUB_SPARK_SECRET", "")
    file = os.environ.get("HUB_SPARK_SECRET_FILE", "")
    if not secret and file:
        try:
            secret = Path(file).read_text(encoding="utf-8").strip()
        except OSError:
            raise HubError("HUB_SPARK_SECRET_FILE names a file that cannot be read: mend its path or owner.") from None
    if not secret:
        raise HubError(
            f"spark.master is {master}: give the secret that its master and workers were started with, in "
            "HUB_SPARK_SECRET or the file that HUB_SPARK_SECRET_FILE names; docs/operator.md says how."
        )
    folder = tmp / "conf"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file_of_defaults = folder / "spark-defaults.conf"
    file_of_defaults.touch(mode=0o600)
    file_of_defaults.write_text(f"spark.authenticate.secret {secret}\n", encoding="utf-8")
    os.environ["SPARK_CONF_DIR"] = str(folder)
