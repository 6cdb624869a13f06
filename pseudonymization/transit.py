"""Opens the key store by the transit engine of HashiCorp Vault or OpenBao: the service keeps a key that nobody sees.

What seals the key file is drawn here; the service encrypts it, and decrypts it for whoever holds a token that may. To
take the token away is to close the hub, and the service's own log tells each time that its keys were opened.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pseudonymization.closed_file import read_closed
from pseudonymization.errors import KeysLocked, KeysUnreadable

_KEY_BYTES = 32
_SECONDS = 10
_HERE = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class TransitUnlocker:
    """A key `name` of the transit engine at `mount` of the service at `url`, asked with the token in a 0600 file."""

    url: str
    name: str
    token_file: Path
    mount: str = "transit"
    namespace: str | None = None
    ca_file: Path | None = None

    @property
    def kind(self) -> str:
        """`vault`."""
        return "vault"

    def fresh(self) -> tuple[bytes, dict[str, Any]]:
        """A new key, and what the service needs to give it again. Raises as `key_of` does."""
        key = secrets.token_bytes(_KEY_BYTES)
        plain = base64.b64encode(key).decode("ascii")
        answer = self._ask(
            lambda transit: transit.encrypt_data(name=self.name, plaintext=plain, mount_point=self.mount)
        )
        return key, {"by": self.kind, "name": self.name, "wrapped": str(answer["ciphertext"])}

    def key_of(self, how: Mapping[str, Any]) -> bytes:
        """The key of an envelope.

        Raises `KeysLocked` when the service cannot be reached, is sealed or refuses, `KeysMissing` and `KeysUnsafe`
        for the file of the token, `KeysUnreadable` for an answer that is no key.
        """
        wrapped = how["wrapped"]
        answer = self._ask(
            lambda transit: transit.decrypt_data(name=self.name, ciphertext=wrapped, mount_point=self.mount)
        )
        try:
            key = base64.b64decode(answer["plaintext"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error):
            key = b""
        if len(key) != _KEY_BYTES:
            raise KeysUnreadable(f"The key service at {self.url} gave no key: check {self.mount}/{self.name}.")
        return key

    def _ask(self, act: Callable[[Any], Any]) -> Mapping[str, Any]:
        # A library of two hundred modules that only a hub with such a service needs.
        import hvac  # type: ignore[import-untyped]
        import requests

        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
            raise KeysLocked(f"The key service at {self.url} must be asked by https: its token and keys pass there.")
        token = read_closed(self.token_file, "The token of the key service").strip()
        try:
            client = hvac.Client(
                url=self.url, token=token.decode("ascii"), namespace=self.namespace, timeout=_SECONDS,
                verify=str(self.ca_file) if self.ca_file else True, allow_redirects=False,
            )  # fmt: skip
            answer: Mapping[str, Any] = act(client.secrets.transit)["data"]
        # `from None` everywhere: what the library says may quote the request.
        except (hvac.exceptions.Forbidden, hvac.exceptions.Unauthorized, UnicodeDecodeError):
            raise KeysLocked(
                f"The key service at {self.url} refuses the token for {self.mount}/{self.name}: renew it, or let its "
                "policy encrypt and decrypt with that key."
            ) from None
        except (hvac.exceptions.InvalidPath, hvac.exceptions.InvalidRequest):
            raise KeysLocked(
                f"The key service at {self.url} has no key {self.mount}/{self.name} that opens this: make it, or name "
                "the right one in hub.yaml."
            ) from None
        except (hvac.exceptions.VaultError, requests.RequestException, OSError):
            raise KeysLocked(
                f"The key service at {self.url} does not answer, or is sealed: nothing is done without the keys. Try "
                "again when it does."
            ) from None
        except (KeyError, TypeError, ValueError):
            raise KeysUnreadable(f"What answers at {self.url} is no key service: check the URL.") from None
        return answer
