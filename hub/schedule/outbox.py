"""Mail that waits in the database until a server takes it; whoever runs the schedule sends it."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from sqlalchemy import Engine, select, update

from hub.schedule.clock import database_time, moment
from hub.schedule.settings import MailSettings
from hub.schedule.tables import mail

#: Seconds before a mail that no server took is tried again; doubled each time, an hour at most.
BACKOFF = 30.0
LONGEST_WAIT = 3600.0
#: After as many attempts (some two weeks) it is given up; it stays in the table.
ATTEMPTS = 340
TIMEOUT = 30.0


class Outbox:
    """Sends what waits. A mail may come twice, if a runner dies between the server's answer and the record of it."""

    def __init__(
        self, engine: Engine, settings: MailSettings, *, backoff: float = BACKOFF, context: ssl.SSLContext | None = None
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._backoff = backoff
        self._context = context

    def send(self) -> tuple[int, int]:
        """Send every mail whose time has come; how many were taken by the server, and how many were not."""
        if not self._settings.host:
            return 0, 0
        sent = failed = 0
        while (taken := self._take()) is not None:
            number, message = taken
            try:
                self._deliver(message)
            # A refusal or an absent server: its words are not ours to repeat, the record says that it was tried.
            except (OSError, smtplib.SMTPException):
                failed += 1
                continue
            with self._engine.begin() as connection:
                connection.execute(
                    update(mail)
                    .where(mail.c.number == number)
                    .values(state="sent", sent_at=moment(database_time(connection)))
                )
            sent += 1
        return sent, failed

    def _take(self) -> tuple[int, EmailMessage] | None:
        """The next mail that is due, put back until later before it is tried: so no two runners send it at once."""
        while True:
            with self._engine.begin() as connection:
                now = database_time(connection)
                row = connection.execute(
                    select(mail)
                    .where(mail.c.state == "waiting", mail.c.not_before <= now)
                    .order_by(mail.c.number)
                    .limit(1)
                ).first()
            if row is None:
                return None
            tried = row.attempts + 1
            wait = max(TIMEOUT * 2, min(LONGEST_WAIT, self._backoff * 2 ** min(row.attempts, 20)))
            if self._backoff < BACKOFF:
                wait = self._backoff
            with self._engine.begin() as connection:
                ours = connection.execute(
                    update(mail)
                    .where(mail.c.number == row.number, mail.c.attempts == row.attempts, mail.c.state == "waiting")
                    .values(
                        attempts=tried,
                        not_before=now + wait,
                        state="waiting" if tried < ATTEMPTS else "given_up",
                    )
                )
            if ours.rowcount == 1:
                return row.number, self._message(row.subject, row.body)

    def _message(self, subject: str, body: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._settings.sender
        message["To"] = ", ".join(self._settings.to)
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._settings.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        return message

    def _deliver(self, message: EmailMessage) -> None:
        wanted = self._settings
        server = smtplib.SMTP(str(wanted.host), wanted.port, timeout=TIMEOUT)
        # Without a farewell after a failure: a server whose certificate was refused would not answer one.
        try:
            if wanted.starttls:
                server.starttls(context=self._context or ssl.create_default_context())
            if wanted.username:
                server.login(wanted.username, self._password())
            server.send_message(message)
            server.quit()
        finally:
            server.close()

    def _password(self) -> str:
        if "HUB_MAIL_PASSWORD" in os.environ:
            return os.environ["HUB_MAIL_PASSWORD"]
        if self._settings.password_file:
            return Path(self._settings.password_file).read_text(encoding="utf-8").strip()
        return ""
