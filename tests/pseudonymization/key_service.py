"""A stand-in for the transit engine of a key service: two requests of its interface, and its refusals.

Source: HashiCorp Vault, HTTP API, "Transit secrets engine", encrypt and decrypt data.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.a-token-of-the-test"
PREFIX = "vault:v1:"


@dataclass
class Service:
    """Where it is, what it was asked, and what is wrong with it: `sealed`, or an `answer` that is no service's."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    sealed: bool = False
    answer: bytes | None = None
    key: bytes = field(default_factory=lambda: AESGCM.generate_key(256))


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append(self.path)
            status, told = self._answer(body)
            content = service.answer if service.answer is not None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_POST  # noqa: N815 - the name is that of the base class

        def _answer(self, body: dict[str, str]) -> tuple[int, object]:
            if service.sealed:
                return 503, {"errors": ["Vault is sealed"]}
            if self.headers["X-Vault-Token"] != TOKEN:
                return 403, {"errors": ["permission denied"]}
            if self.path == "/v1/transit/encrypt/hub":
                nonce = secrets.token_bytes(12)
                sealed = AESGCM(service.key).encrypt(nonce, base64.b64decode(body["plaintext"]), None)
                return 200, {"data": {"ciphertext": PREFIX + base64.b64encode(nonce + sealed).decode()}}
            if self.path == "/v1/transit/decrypt/hub":
                try:
                    whole = base64.b64decode(body["ciphertext"].removeprefix(PREFIX))
                    plain = AESGCM(service.key).decrypt(whole[:12], whole[12:], None)
                except Exception:
                    return 400, {"errors": ["cipher: message authentication failed"]}
                return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}
            return 400, {"errors": ["encryption key not found"]}

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
