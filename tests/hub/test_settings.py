import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from hub.errors import HubError
from hub.settings import Settings, load_settings, settings_schema


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "hub.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_hold_without_a_file() -> None:
    settings = load_settings(environment={})
    assert settings.server.port == 8000
    assert settings.server.host == "127.0.0.1"


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "server:\n  port: 9000\nhome: /srv/one\n")
    settings = load_settings(file, {"HUB_SERVER_PORT": "9100", "HUB_HOME": "/srv/two"})
    assert settings.server.port == 9100
    assert settings.home == Path("/srv/two")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("server:\n  port: 99999\n", ["line 2", "`server.port`", "65535"]),
        ("server:\n  prot: 80\n", ["line 2", "no setting `server.prot`", "port"]),
        ("spark:\n  driver_memory: lots\n", ["line 2", "`spark.driver_memory`"]),
        ("catalogue:\n\n  small_count: none\n", ["line 3", "`catalogue.small_count`", "integer"]),
        ("schedule:\n  - name: night\n    cron: every day\n    run: ingest\n", ["line 3", "cron", "30 2 * * *"]),
        ("server: [", ["line", "not YAML"]),
        ("- a\n", ["line 1", "key: value"]),
    ],
)
def test_a_wrong_value_names_key_line_and_what_is_allowed(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(HubError) as caught:
        load_settings(write(tmp_path, text), {})
    for piece in said:
        assert piece in str(caught.value)


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(HubError, match="environment variable HUB_SERVER_PORT"):
        load_settings(environment={"HUB_SERVER_PORT": "door"})


def test_a_missing_named_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="no settings file"):
        load_settings(environment={"HUB_SETTINGS": str(tmp_path / "absent.yaml")})


def test_schema_accepts_what_the_model_accepts(tmp_path: Path) -> None:
    schema = settings_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(Settings().model_dump_json()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load("server: {port: 0}"), schema)


def test_every_setting_is_documented() -> None:
    schema = settings_schema()
    for section in (schema, *schema["$defs"].values()):
        for name, value in section["properties"].items():
            assert value.get("description") or "$ref" in value or "allOf" in value, name
