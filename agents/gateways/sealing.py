"""Arguments at rest: encrypted, authenticated, and bound to the one call that they belong to."""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from forecastlab.lib.errors import Conflict

_FORM, _NONCE = b"\x01", 12


class SealBroken(Conflict):
    """What was kept of this call cannot be read any more: it was changed, or the key was."""

    code = "seal_broken"


def seal(plain: bytes, *, bound_to: str) -> bytes:
    """Return `plain` encrypted with AES-256-GCM; it opens for the same `bound_to` alone."""
    nonce = os.urandom(_NONCE)
    return (
        _FORM + nonce + AESGCM(_key(settings.SECRET_KEY)).encrypt(nonce, plain, bound_to.encode())
    )


def unseal(sealed: bytes, *, bound_to: str) -> bytes:
    """Return what was sealed, also under an earlier key of the settings; raises SealBroken."""
    whole = bytes(sealed)
    if whole[:1] != _FORM or len(whole) <= 1 + _NONCE:
        raise SealBroken
    nonce, kept = whole[1 : 1 + _NONCE], whole[1 + _NONCE :]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return AESGCM(_key(secret)).decrypt(nonce, kept, bound_to.encode())
        except InvalidTag:
            continue
    raise SealBroken


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"forecastlab.agents.sealing.1")
    return derived.derive(secret.encode())
