"""Where a lake may be, and what the engine is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.compose import Hub
from hub.errors import HubError
from hub.object_store import checked_url, store_settings
from hub.settings import load_settings


@pytest.mark.parametrize(
    "url", ["", "/srv/lake", "s3a://bucket", "s3a://bucket/a/b", "hdfs://name-node:8020/lake", "file:///srv/lake"]
)
def test_a_lake_may_be_there(url: str) -> None:
    assert load_settings(environment={"HUB_LAKE_URL": url}).lake.url == checked_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "lake", "s3://bucket/lake", "s3a://key:word@bucket/lake", "s3a://bucket/lake?secret=word", "https://host/lake",
        "s3a://bucket/../other", "hdfs://user@host/lake", "s3a:///lake",
    ],
)  # fmt: skip
def test_a_lake_may_not_be_there_and_no_credential_is_repeated(url: str) -> None:
    with pytest.raises(HubError, match="HUB_LAKE_URL") as caught:
        load_settings(environment={"HUB_LAKE_URL": url})
    assert "word" not in str(caught.value)


def test_a_home_is_no_url() -> None:
    with pytest.raises(HubError, match=r"HUB_HOME.*`lake\.url`"):
        load_settings(environment={"HUB_HOME": "s3a://bucket/home"})


@pytest.mark.parametrize(
    ("endpoint", "good"),
    [
        ("https://s3.example.org", True),
        ("http://127.0.0.1:9000", True),
        ("http://s3.example.org", False),
        ("https://key:word@s3.example.org", False),
        ("s3.example.org", False),
    ],
)
def test_a_store_elsewhere_is_spoken_to_encrypted(endpoint: str, good: bool) -> None:
    if good:
        assert load_settings(environment={"HUB_LAKE_ENDPOINT": endpoint}).lake.endpoint == endpoint
    else:
        with pytest.raises(HubError, match="HUB_LAKE_ENDPOINT") as caught:
            load_settings(environment={"HUB_LAKE_ENDPOINT": endpoint})
        assert "word" not in str(caught.value)


def test_an_object_store_needs_its_client(tmp_path: Path) -> None:
    def told(url: str | None, jars: Path | None) -> dict[str, str]:
        return store_settings(url, endpoint="https://s3.example.org", region="eu", jars=jars, tmp=tmp_path / "tmp")

    assert told(None, None) == told("", None) == told("/srv/lake", None) == told("hdfs://host/lake", None) == {}
    for folder in (None, tmp_path):
        with pytest.raises(HubError, match=r"spark\.jars_folder"):
            told("s3a://bucket/lake", folder)
    (tmp_path / "hadoop-aws-3.4.2.jar").touch()
    settings = told("s3a://bucket/lake", tmp_path)
    assert settings["spark.hadoop.fs.s3a.endpoint"] == "https://s3.example.org"
    assert settings["spark.hadoop.fs.s3a.buffer.dir"].startswith(str(tmp_path / "tmp"))


def test_a_lake_in_another_folder_is_made_closed(tmp_path: Path) -> None:
    settings = load_settings(environment={"HUB_HOME": str(tmp_path / "home"), "HUB_LAKE_URL": str(tmp_path / "lake")})
    hub = Hub(settings)
    assert hub.home.root.is_dir()
    assert hub.lake_place == tmp_path / "lake"
    assert (tmp_path / "lake").stat().st_mode & 0o077 == 0
    (tmp_path / "file").touch()
    wrong = settings.model_copy(update={"lake": settings.lake.model_copy(update={"url": str(tmp_path / "file")})})
    with pytest.raises(HubError, match=r"lake\.url"):
        _ = Hub(wrong).lake_place
