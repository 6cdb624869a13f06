"""The portal's own secret: sealed cookies and form tokens are derived from it."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet


class Seal:
    """Encrypts and signs what browsers keep for us."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the portal's secret has at least 32 bytes")
        key = hmac.new(secret, b"portal/cookies", hashlib.sha256).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._form_key = hmac.new(secret, b"portal/forms", hashlib.sha256).digest()

    def __repr__(self) -> str:
        return "Seal()"

    def shut(self, text: str) -> str:
        """The text, sealed."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str, seconds: int | None = None) -> str:
        """The text; raises `cryptography.fernet.InvalidToken` when forged or older than `seconds`."""
        return self._fernet.decrypt(sealed.encode(), ttl=seconds).decode()

    def form_token(self, browser: str, username: str) -> str:
        """What a form must bring back, from this browser and this person."""
        return hmac.new(self._form_key, f"{browser}\n{username}".encode(), hashlib.sha256).hexdigest()
