"""What the engine needs for a lake in an object store, and the places that a lake may be at."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from hub.errors import HubError

_URL = re.compile(r"(s3a://[\w.-]+|hdfs://[\w.-]+(:\d+)?|file://)(/[\w./-]+)?/?")
_CLIENT = "hadoop-aws-*.jar"


def checked_url(text: str) -> str:
    """A folder's path or its URL, as `lake.url` may have it; empty for none. Raises `ValueError` with what is allowed.

    No user, no password and no query: credentials come from the environment, and a URL is shown.
    """
    if "://" not in text:
        if text and not text.startswith("/"):
            raise ValueError("a path begins with `/`, a URL with s3a://, hdfs:// or file://")
        return text
    if not _URL.fullmatch(text) or ".." in text:
        raise ValueError(
            "a URL is s3a://bucket/folder, hdfs://host:port/folder or file:///folder, of letters, digits and ._-/ "
            "and without credentials"
        )
    return text.rstrip("/")


def checked_path(value: object) -> object:
    """What may be a folder's path. Raises `ValueError` for a URL: a folder with a strange name would be made of it."""
    if "://" in str(value):
        raise ValueError("this is a folder's path: only the lake may lie elsewhere, by `lake.url`")
    return value


def checked_endpoint(text: str) -> str:
    """The address of an object store. Raises `ValueError` unless it is https, or of this machine."""
    parts = urlsplit(text)
    near = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
        raise ValueError("an address is https://host or https://host:port, without credentials")
    if parts.scheme == "http" and not near:
        raise ValueError("only a store on this machine may be spoken to in clear: use https://")
    return text


def store_settings(
    url: str | None, *, endpoint: str | None, region: str | None, jars: Path | None, tmp: Path
) -> dict[str, str]:
    """Settings of the engine for the lake at `url`; none for a folder or HDFS, whose client PySpark ships.

    Credentials are left to the client: variables `AWS_...`, or the role of the machine that it runs on. Raises
    `HubError` where the client is not there.
    """
    if not url or not url.startswith("s3a:"):
        return {}
    if jars is None or not any(jars.glob(_CLIENT)):
        raise HubError(
            f"lake.url is {url}, and spark.jars_folder holds no {_CLIENT}: put the client's two jars there; "
            "docs/operator.md says which."
        )
    # What is being sent waits on disk, by default in /tmp.
    settings = {"spark.hadoop.fs.s3a.buffer.dir": str(tmp / "s3a")}
    if endpoint:
        settings |= {"spark.hadoop.fs.s3a.endpoint": endpoint, "spark.hadoop.fs.s3a.path.style.access": "true"}
    if region:
        settings |= {"spark.hadoop.fs.s3a.endpoint.region": region}
    return settings
