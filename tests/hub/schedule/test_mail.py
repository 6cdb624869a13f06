"""Failures told by mail, to a real SMTP server on this machine."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import ValidationError
from sqlalchemy import Engine, select, update

from hub.database import upgrade
from hub.demo.served import free_port
from hub.paths import ROOT
from hub.schedule.letter import Failure, letters
from hub.schedule.outbox import Outbox
from hub.schedule.settings import MailSettings
from hub.schedule.tables import mail

FAILURE = Failure("claims", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "Europe/Paris", 3, "failed", 7, "machine-1")


class Server:
    """Keeps what it is sent; refuses while `closed`."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.closed = False
        self.passwords: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.closed:
            return "451 later"
        self.messages.append(envelope)
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.passwords.append(data.password)
        return AuthResult(success=data.password == b"right", handled=False)


def running(handler: Server, **options: Any) -> Iterator[tuple[Server, int]]:
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    yield handler, controller.port
    controller.stop()


@pytest.fixture
def server() -> Iterator[tuple[Server, int]]:
    yield from running(Server())


@pytest.fixture
def waiting(engine: Engine) -> Engine:
    upgrade(engine)
    put(engine)
    return engine


def put(engine: Engine) -> None:
    subject, body = letters("fr")(FAILURE)
    with engine.begin() as connection:
        connection.execute(
            mail.insert().values(
                created_at="2026-03-29T00:00:00.000000Z", subject=subject, body=body, state="waiting", attempts=0,
                not_before=0.0,
            )
        )  # fmt: skip


def row(engine: Engine) -> Any:
    with engine.connect() as connection:
        return connection.execute(select(mail)).one()


def settings(port: int, **values: Any) -> MailSettings:
    return MailSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "starttls": False, "sender": "hub@example.org", "to": "a@example.org"}
        | values
    )


def test_a_mail_is_sent_once_and_says_where_to_look(waiting: Engine, server: tuple[Server, int]) -> None:
    kept, port = server
    outbox = Outbox(waiting, settings(port, to="a@example.org, b@example.org"))
    assert outbox.send() == (1, 0)
    assert outbox.send() == (0, 0)
    assert row(waiting).state == "sent"
    (envelope,) = kept.messages
    assert envelope.rcpt_tos == ["a@example.org", "b@example.org"]
    from email import message_from_bytes
    from email.policy import default

    message = message_from_bytes(envelope.content, policy=default)
    assert message["Subject"] == "[hub] La tâche claims a échoué"
    text = message.get_content()
    for piece in (
        "2026-03-29 03:30 (Europe/Paris)",
        "Code de sortie : 7",
        "Tentatives : 3",
        "machine-1",
        "--job claims",
    ):
        assert piece in text


def test_a_server_that_is_away_or_refuses_is_asked_again_later(waiting: Engine, server: tuple[Server, int]) -> None:
    kept, port = server
    kept.closed = True
    outbox = Outbox(waiting, settings(port))
    assert outbox.send() == (0, 1)
    assert row(waiting).state == "waiting"
    assert outbox.send() == (0, 0), "it waits before it tries again"
    kept.closed = False
    with waiting.begin() as connection:
        connection.execute(update(mail).values(not_before=0.0))
    assert outbox.send() == (1, 0)
    assert row(waiting).attempts == 2
    put(waiting)
    assert Outbox(waiting, settings(1)).send() == (0, 1)


def test_two_runners_do_not_send_one_mail_twice(waiting: Engine, server: tuple[Server, int]) -> None:
    kept, port = server
    one, two = Outbox(waiting, settings(port)), Outbox(waiting, settings(port))
    assert one._take() is not None
    assert two._take() is None
    assert two.send() == (0, 0)
    assert kept.messages == []


def test_no_server_no_mail(waiting: Engine) -> None:
    assert Outbox(waiting, MailSettings()).send() == (0, 0)
    assert row(waiting).attempts == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, file = folder / "key.pem", folder / "cert.pem"
    made = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout {key} -out {file}"
    )
    named = ["-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made.split(), *named], check=True, capture_output=True)
    return file, key


def test_the_password_goes_only_to_a_server_with_a_good_certificate(
    waiting: Engine, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(*certificate)
    handler = Server()
    options = {"tls_context": theirs, "require_starttls": True, "auth_required": True}
    for kept, port in running(handler, authenticator=handler.authenticate, **options):
        (tmp_path / "password").write_text("right\n")
        wanted = settings(port, starttls=True, username="hub", password_file=str(tmp_path / "password"))
        assert Outbox(waiting, wanted).send() == (0, 1), "the certificate is nobody's"
        assert kept.passwords == []
        trusted = ssl.create_default_context(cafile=str(certificate[0]))
        for password, sent in (("wrong", (0, 1)), (None, (1, 0))):
            if password:
                monkeypatch.setenv("HUB_MAIL_PASSWORD", password)
            else:
                monkeypatch.delenv("HUB_MAIL_PASSWORD")
            with waiting.begin() as connection:
                connection.execute(update(mail).values(not_before=0.0))
            assert Outbox(waiting, wanted, context=trusted).send() == sent
        assert set(kept.passwords[:-1]) == {b"wrong"}
        assert kept.passwords[-1] == b"right"


def test_mail_settings_say_what_is_missing_and_hold_no_password() -> None:
    with pytest.raises(ValidationError, match="say who is told"):
        MailSettings(host="mail.example.org")
    with pytest.raises(ValidationError, match="address"):
        MailSettings(host="mail.example.org", to=["nobody"])
    assert "password" not in MailSettings.model_fields


def test_a_schedule_tells_of_what_fails(tmp_path: Path, server: tuple[Server, int]) -> None:
    kept, port = server
    job = {"name": "nowhere", "cron": "* * * * *", "run": "ingest", "source": "nowhere", "retries": 1, "backoff": 1}
    mail_settings = {"host": "127.0.0.1", "port": port, "starttls": False, "to": ["a@example.org"]}
    file = tmp_path / "hub.yaml"
    file.write_text(json.dumps({"home": str(tmp_path / "home"), "schedule": [job], "mail": mail_settings}))
    runner = subprocess.Popen(
        [sys.executable, "-m", "hub", "schedule", "run", "--pace", f"{time.time()}:60", "--lease", "10"],
        cwd=ROOT,
        env={**os.environ, "HUB_SETTINGS": str(file), "HUB_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 180
    while not kept.messages and time.monotonic() < deadline:
        time.sleep(0.05)
    runner.send_signal(signal.SIGTERM)
    said, _ = runner.communicate(timeout=120)
    assert runner.returncode == 0
    assert "attempt 2: failed with exit code 1" in said
    content = kept.messages[0].content
    assert b"hub schedule backfill" in content
    assert b"nowhere" in content
