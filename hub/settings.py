"""One settings file, `hub.yaml`: every value documented, overridable, and named by key and line when wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError

from hub.errors import HubError
from hub.object_store import checked_endpoint, checked_path, checked_url
from hub.paths import ROOT
from hub.schedule.settings import JobSettings, MailSettings
from hub.section import Section
from pseudonymization.envelope import FileUnlocker, Unlocker
from pseudonymization.text.own import OwnRecognizers
from pseudonymization.transit import TransitUnlocker


class ServerSettings(Section):
    """Where the hub listens."""

    host: str = Field(
        default="127.0.0.1", description="Address of the front door; loopback unless a TLS proxy stands in front."
    )
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the front door.")
    language: Literal["fr", "en"] = Field(default="fr", description="Language of pages for a reader who chose none.")


class SparkSettings(Section):
    """The engine of batches and extracts."""

    master: str = Field(
        default="local[*]", description="Spark master URL: `local[*]`, `spark://...`, `k8s://...` or `yarn`."
    )
    driver_memory: str = Field(
        default="3g", pattern=r"^\d+[mg]$", description="Memory of the driver's JVM, such as `3g`."
    )
    shuffle_partitions: int = Field(default=4, ge=1, le=100_000, description="Partitions after a shuffle.")
    compiler: Literal["full", "quick"] = Field(
        default="full",
        description="`quick` leaves out the JVM's second compiler: commands over some thousand rows take a third less "
        "of the processor, and those over millions longer.",
    )
    event_log: bool = Field(default=False, description="Keep Spark's event logs under `logs/spark-events`.")
    driver_host: str = Field(
        default="127.0.0.1", description="The address at which a cluster's workers reach this machine."
    )
    executor_memory: str = Field(
        default="2g", pattern=r"^\d+[mg]$", description="Memory of each executor of a cluster, such as `2g`."
    )
    jars_folder: Path | None = Field(
        default=None, description="A folder of further jars for driver and executors, such as an object store's client."
    )


class VaultSettings(Section):
    """A key of the transit engine of HashiCorp Vault or OpenBao."""

    url: str = Field(description="Where the service is, such as `https://vault.example.org:8200`.")
    key: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="The key's name in the transit engine.")
    token_file: Path = Field(description="A 0600 file with a token that may encrypt and decrypt with that key.")
    mount: str = Field(default="transit", pattern=r"^[A-Za-z0-9_./-]{1,64}$", description="Where the engine is.")
    namespace: str | None = Field(default=None, description="The namespace, where the service has any.")
    ca_file: Path | None = Field(default=None, description="Certificates to trust beside the machine's own.")

    @property
    def unlocker(self) -> TransitUnlocker:
        """The service, ready to be asked."""
        return TransitUnlocker(self.url, self.key, self.token_file, self.mount, self.namespace, self.ca_file)


class KeySettings(Section):
    """What opens a sealed key store; none where it is not sealed."""

    passphrase_file: Path | None = Field(default=None, description="A 0600 file with the passphrase of the keys.")
    key_file: Path | None = Field(default=None, description="A 0600 file of 32 random bytes that opens the keys.")
    vault: VaultSettings | None = Field(default=None, description="A key service that opens the keys.")

    @property
    def unlocker(self) -> Unlocker | None:
        """What opens the keys, or None when nothing is named. Raises `HubError` when two are."""
        named = [name for name in ("passphrase_file", "key_file", "vault") if getattr(self, name)]
        if len(named) > 1:
            raise HubError(f"hub.yaml names {' and '.join(named)} for the keys: keep one of them.")
        if self.vault:
            return self.vault.unlocker
        return FileUnlocker(self.passphrase_file, self.key_file) if named else None


class DatabaseSettings(Section):
    """The records database."""

    url: str | None = Field(
        default=None, description="SQLAlchemy URL of a PostgreSQL database; empty for `records.db`."
    )


class CatalogueSettings(Section):
    """What the catalogue shows."""

    small_count: int = Field(
        default=11, ge=1, le=1000, description="Counts of fewer rows than this are hidden (SNDS practice: 11)."
    )


class DropSettings(Section):
    """When a drop counts as whole, and what it must be."""

    settle_seconds: int = Field(
        default=0,
        ge=0,
        le=86_400,
        description="How long nothing in a drop may have changed, where neither manifest.json nor _SUCCESS says that "
        "it is whole; 0 asks for no rest.",
    )
    sealed_only: list[str] = Field(
        default_factory=list,
        description="Sources whose holders seal what they send: a drop that does not say so is not read.",
    )


class TextSettings(Section):
    """What a site adds to the recognizers of notes."""

    registry: Path | None = Field(default=None, description="Recognizers in the YAML of Presidio's registry.")
    functions: list[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]] = Field(
        default_factory=list, description="`package.module:function`, each returning Presidio recognizers."
    )
    spacy_model: Path | None = Field(default=None, description="The folder of a spaCy pipeline.")

    @property
    def own(self) -> OwnRecognizers:
        """The same, as it travels to Spark's workers."""
        paths = [None if one is None else str(one.absolute()) for one in (self.registry, self.spacy_model)]
        return OwnRecognizers(paths[0], tuple(self.functions), paths[1])


class ReviewSettings(Section):
    """When scrubbed text may be granted."""

    most_missed: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="The share of notes with something missed that the upper bound of a review must stay under.",
    )


class ExtractSettings(Section):
    """How finely extracts tell ages and places."""

    least_persons: int = Field(
        default=11, ge=1, le=1000,
        description="A commune or a département that fewer persons of a table share becomes the wider place; 1 tells "
        "every place (SNDS practice: 11).",
    )  # fmt: skip
    oldest_age: int = Field(default=90, ge=60, le=150, description="Ages from this one on are told as one.")


class WorkspaceSettings(Section):
    """What a workspace may use."""

    memory: int = Field(default=4096, ge=512, description="Memory of all its processes together, in MiB.")
    address_space: int = Field(default=8192, ge=1024, description="Address space of each of its processes, in MiB.")
    temporary: int = Field(default=2048, ge=64, description="Size of its /tmp, in MiB of memory.")
    processes: int = Field(default=512, ge=64, description="How many processes and threads it may have.")


class LakeSettings(Section):
    """The care of lake tables."""

    history_days: int = Field(
        default=30, ge=0, le=3650, description="Days for which every published version can be gone back to."
    )
    file_size: int = Field(default=128, ge=1, le=4096, description="Size that compacted files have at most, in MiB.")
    url: Annotated[str, AfterValidator(checked_url)] | None = Field(
        default=None,
        description="Where the lake's tables are: a path, `s3a://bucket/folder` or `hdfs://host:port/folder`; empty "
        "for `lake` below `home`. Everything else stays below `home`.",
    )
    endpoint: Annotated[str, AfterValidator(checked_endpoint)] | None = Field(
        default=None, description="Address of an object store that is not Amazon's, such as `https://s3.example.org`."
    )
    region: str | None = Field(default=None, description="Region of the object store, where it has regions.")


class SourceRetention(Section):
    """One source's own retention."""

    days: int = Field(default=30, ge=0, le=3650, description="Days that a drop stays after its last publication.")
    how: Literal["destroy", "archive"] = Field(
        default="destroy", description="`destroy` deletes; `archive` first seals an encrypted copy in `sealed/archive`."
    )


class RetentionSettings(SourceRetention):
    """How long files stay in `landing/`; `sources` has sources with days and ways of their own."""

    sources: dict[str, SourceRetention] = Field(default_factory=dict, description="Source -> its own `days` and `how`.")
    identity_days: int = Field(
        default=3650,
        ge=1,
        le=36_500,
        description="How long the sealed identity of somebody is kept after a source last told of them; their later "
        "notes are then refused.",
    )


class Settings(Section):
    """The whole of `hub.yaml`."""

    home: Annotated[Path, BeforeValidator(checked_path)] = Field(
        default=ROOT / "var", description="The folder that holds everything the hub keeps (`HUB_HOME`)."
    )
    server: ServerSettings = ServerSettings()
    spark: SparkSettings = SparkSettings()
    keys: KeySettings = KeySettings()
    database: DatabaseSettings = DatabaseSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    drops: DropSettings = DropSettings()
    review: ReviewSettings = ReviewSettings()
    text: TextSettings = TextSettings()
    extracts: ExtractSettings = ExtractSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    sources: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="SQLAlchemy URLs of the databases that contracts name, read with `hub fetch`; a password is "
        "better kept in a file of the driver's own, such as ~/.pgpass.",
    )
    lake: LakeSettings = LakeSettings()
    retention: RetentionSettings = RetentionSettings()
    contracts: list[Path] = Field(
        default_factory=list, description="Folders with a site's own contracts, read after the packaged ones."
    )
    derived: list[Path] = Field(
        default_factory=list, description="Folders with definitions of derived tables of the site's own."
    )
    schedule: list[JobSettings] = Field(default_factory=list, description="Jobs that `hub schedule` runs by the clock.")
    mail: MailSettings = MailSettings()


def load_settings(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `file` (default `hub.yaml` beside `run`, `HUB_SETTINGS` to name another) and the environment.

    A variable `HUB_<KEY>` or `HUB_<SECTION>_<KEY>` wins over the file, such as `HUB_HOME` or `HUB_SERVER_PORT`.
    Raises `HubError` naming key, line and what is allowed.
    """
    named = file or (Path(environment["HUB_SETTINGS"]) if environment.get("HUB_SETTINGS") else None)
    path = named or ROOT / "hub.yaml"
    values: dict[str, Any] = {}
    lines: dict[tuple[str | int, ...], int] = {}
    if path.is_file():
        try:
            node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise HubError(f"{path.name}, line {line}: this is not YAML ({error.problem}). Mend that line.") from None
        except UnicodeDecodeError:
            raise HubError(f"{path.name} is not UTF-8 text: save it as UTF-8.") from None
        if node is not None:
            _lines_of(node, (), lines)
            loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
            if not isinstance(loaded, dict):
                raise HubError(f"{path.name}, line 1: settings are `key: value` lines; see docs/operator.md.")
            values = loaded
    elif named is not None:
        raise HubError(f"There is no settings file {path}: name one that exists, or leave HUB_SETTINGS unset.")
    origins = _override(values, environment)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise HubError(_sentence(error, path.name, lines, origins)) from None


def settings_schema() -> dict[str, Any]:
    """The JSON Schema of `hub.yaml`."""
    return Settings.model_json_schema() | {
        "title": "hub.yaml",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
    }


def _lines_of(node: yaml.Node, where: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> None:
    lines.setdefault(where, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[(*where, key.value)] = key.start_mark.line + 1
            _lines_of(value, (*where, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _lines_of(value, (*where, position), lines)


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put environment variables over the file's values; returns which key came from which variable."""
    origins: dict[tuple[str, ...], str] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            for key in section.model_fields:
                variable = f"HUB_{name}_{key}".upper()
                if variable in environment:
                    if not isinstance(values.setdefault(name, {}), dict):
                        values[name] = {}
                    values[name][key] = environment[variable]
                    origins[(name, key)] = variable
        elif f"HUB_{name}".upper() in environment and name == "home":
            values[name] = environment["HUB_HOME"]
            origins[(name,)] = "HUB_HOME"
    return origins


def _sentence(
    error: ValidationError,
    file: str,
    lines: dict[tuple[str | int, ...], int],
    origins: dict[tuple[str, ...], str],
) -> str:
    said = []
    for fault in error.errors(include_url=False, include_input=False):
        where = fault["loc"]
        key = ".".join(str(part) for part in where)
        line = next((lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in lines), None)
        variable = origins.get(tuple(str(part) for part in where))
        place = f"environment variable {variable}" if variable else f"{file}, line {line}" if line else file
        if fault["type"] == "extra_forbidden":
            said.append(f"{place}: there is no setting `{key}`; allowed here: {', '.join(_allowed(where))}.")
        else:
            said.append(f"{place}: `{key}`: {fault['msg'].removeprefix('Value error, ')}.")
    return " ".join(said)


def _allowed(where: tuple[str | int, ...]) -> list[str]:
    section: Any = Settings
    for part in where[:-1]:
        if isinstance(part, int):
            continue
        field = section.model_fields.get(part)
        if field is None:
            break
        sections = [one for one in (field.annotation, *get_args(field.annotation)) if hasattr(one, "model_fields")]
        if not sections:
            break
        section = JobSettings if part == "schedule" else sections[0]
    return sorted(section.model_fields)
