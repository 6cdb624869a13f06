"""What `hub.yaml` says of scheduled jobs and of mail."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from hub.schedule.commands import permitted_words
from hub.schedule.cron import Cron
from hub.section import Section


class JobSettings(Section):
    """One scheduled job."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="Lower case, digits and dashes.")
    cron: str = Field(description="Five cron fields, such as `30 2 * * *`; the day of the week counts from Sunday, 0.")
    timezone: str = Field(default="Europe/Paris", description="Time zone of `cron`, such as `Europe/Paris` or `UTC`.")
    run: Literal["ingest", "sweep", "command"] = Field(
        description="`ingest` takes every new drop of `source`, `sweep` closes ended projects, `command` is any other."
    )
    source: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", description="The source that `ingest` reads."
    )
    command: str | None = Field(
        default=None, description="The hub command of `run: command`, such as `leaks`: one of a list, never a shell."
    )
    retries: int = Field(default=2, ge=0, le=20, description="How often a failed run is tried again.")
    backoff: int = Field(
        default=60, ge=1, le=86_400, description="Seconds before the first retry; doubled each time, an hour at most."
    )
    time_limit: int | None = Field(
        default=None, ge=1, description="Seconds after which a run is ended and counts as failed; empty for none."
    )
    missed: Literal["once", "each", "skip"] = Field(
        default="once",
        description="After intervals were missed: `once` runs the latest of them, `each` runs all in order, "
        "`skip` waits for the next.",
    )

    @field_validator("cron")
    @classmethod
    def _cron(cls, value: str) -> str:
        Cron.check(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("a time zone is a name such as `Europe/Paris` or `UTC`") from None
        return value

    @field_validator("command")
    @classmethod
    def _command(cls, value: str | None) -> str | None:
        if value is not None:
            permitted_words(value)
        return value

    @model_validator(mode="after")
    def _whole(self) -> JobSettings:
        if (self.run == "ingest") != (self.source is not None):
            raise ValueError("`run: ingest` takes a `source`, such as `source: snds`, and no other job does")
        if (self.run == "command") != (self.command is not None):
            raise ValueError("`run: command` takes a `command`, such as `command: leaks`, and no other job does")
        return self

    @property
    def words(self) -> list[str]:
        """The `hub` arguments that the job stands for."""
        if self.run == "ingest":
            return ["ingest", str(self.source)]
        return permitted_words(str(self.command)) if self.run == "command" else ["project", "sweep"]

    @property
    def clock(self) -> Cron:
        """When it runs."""
        return Cron(self.cron, self.timezone)


class MailSettings(Section):
    """Where failures of scheduled jobs are told. The password is no setting: `HUB_MAIL_PASSWORD`, or a file."""

    host: str | None = Field(default=None, description="The SMTP server; empty for no mail.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    starttls: bool = Field(default=True, description="Encrypt by STARTTLS and check the server's certificate.")
    sender: str = Field(default="hub@localhost", pattern=r"^\S+@\S+$", description="The address that mail comes from.")
    to: list[str] = Field(default_factory=list, description="Who is told.")
    username: str | None = Field(default=None, description="The account at the server, where it wants one.")
    password_file: str | None = Field(
        default=None, description="A file that holds the password alone; `HUB_MAIL_PASSWORD` wins over it."
    )

    @field_validator("to", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("to")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        if any("@" not in one or any(sign.isspace() for sign in one) for one in value):
            raise ValueError("each is an address such as `operator@example.org`")
        return value

    @model_validator(mode="after")
    def _whole(self) -> MailSettings:
        if self.host and not self.to:
            raise ValueError("`host` takes `to`: say who is told, such as `to: [operator@example.org]`")
        return self
