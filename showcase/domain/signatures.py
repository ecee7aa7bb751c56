"""Signatures of bundles: Ed25519 (RFC 8032), which gives equal bytes for equal content.

Keys and signatures are told in hexadecimal; the file `signature` holds the 64 bytes themselves.
"""

from __future__ import annotations

import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from forecastlab.lib.errors import BadInput

ALGORITHM = "ed25519"
SIGNATURE_BYTES = 64
_KEY = re.compile(r"[0-9a-f]{64}")
# Points of small order (RFC 7748, 6.1; RFC 8032, 5.1): under such a key one signature fits
# everything. The highest bit is the sign of x and does not matter here.
_ANYBODYS = frozenset(
    {
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        *(f"{low}{'ff' * 30}7f" for low in ("ec", "ed", "ee")),
    }
)


class KeyUnusable(BadInput):
    """This is not a key: 64 hexadecimal digits."""

    code = "signing_key_unusable"


def public_of(private: str) -> str:
    """Return the public key that belongs to a private one; raises KeyUnusable."""
    return _private(private).public_key().public_bytes_raw().hex()


def key_id(public: str) -> str:
    """Return the short name of a public key: the start of its SHA-256."""
    return hashlib.sha256(_bytes(public)).hexdigest()[:16]


def sign(content: bytes, *, private: str) -> bytes:
    """Return the signature; raises KeyUnusable."""
    return _private(private).sign(content)


def is_signed(content: bytes, signature: bytes, *, public: str) -> bool:
    """Say whether the holder of the key has signed these very bytes; raises KeyUnusable."""
    key = Ed25519PublicKey.from_public_bytes(_bytes(public))
    if f"{public[:62]}{int(public[62:], 16) & 0x7F:02x}" in _ANYBODYS:
        return False
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_bytes(key))


def _bytes(key: str) -> bytes:
    if not _KEY.fullmatch(key):
        raise KeyUnusable
    return bytes.fromhex(key)
