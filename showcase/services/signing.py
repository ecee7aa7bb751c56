"""The installation's key, which signs bundles: from a setting, else made at its first use."""

from __future__ import annotations

import secrets

from django.conf import settings

from forecastlab.lib import files
from showcase.domain import signatures

KEY_FILE = "signing.key"
SETTING = "FORECASTLAB_SIGNING_KEY"


def public_key() -> str:
    """Return the key by which others tell what this installation signed; raises KeyUnusable."""
    return signatures.public_of(_private_key())


def sign(content: bytes) -> bytes:
    return signatures.sign(content, private=_private_key())


def is_ours(content: bytes, signature: bytes) -> bool:
    return signatures.is_signed(content, signature, public=public_key())


def _private_key() -> str:
    """Return the key; several who need it first agree on one, which only its owner may read."""
    given = settings.FORECASTLAB_SIGNING_KEY
    key = given or _kept().strip()
    try:
        signatures.public_of(key)
    except signatures.KeyUnusable as error:
        where = SETTING if given else str(settings.FORECASTLAB_HOME / KEY_FILE)
        raise signatures.KeyUnusable(
            f"{where} holds no key for signing.",
            hint="Give it 64 hexadecimal digits, as 'openssl rand -hex 32' makes them.",
        ) from error
    return key


def _kept() -> str:
    home = settings.FORECASTLAB_HOME
    path = home / KEY_FILE
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = f"{secrets.token_bytes(32).hex()}\n".encode()
        return files.write_first(path, made, mode=0o600).decode()
    return str(path.read_text())
