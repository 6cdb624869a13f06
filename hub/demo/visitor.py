"""A person at the portal: reads pages and sends forms as a browser does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape

import httpx

from hub.demo.client import ClientError, HubClient

PORTAL = "/services/portal"


class Visitor:
    """Uses the portal in the session of a `HubClient`."""

    def __init__(self, client: HubClient) -> None:
        self.client = client

    def read(self, path: str) -> str:
        """The page at `path` below the portal. Raises `ClientError` unless it is served."""
        answer = self.client.http.get(f"{PORTAL}{path}")
        if answer.status_code != 200:
            raise ClientError(f"The page {path} was answered with status {answer.status_code}.")
        return answer.text

    def send(self, page: str, action: str, fields: Mapping[str, str | Sequence[str]]) -> httpx.Response:
        """Send the form of `page` to `action`, with the hidden fields that the page holds."""
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.read(page)))
        data = {name: unescape(value) for name, value in hidden.items()} | dict(fields)
        headers = {"Origin": self.client.url, "Referer": f"{self.client.url}{PORTAL}{page}"}
        return self.client.http.post(f"{PORTAL}{action}", data=data, headers=headers)
