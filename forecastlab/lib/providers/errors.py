"""What can go wrong between us and a provider.

ProviderError
├── ProviderUnknown  the setting names none that we can ask
├── AuthRefused     it does not accept our key (401, 403)
├── QuotaExhausted  it answers later, or not on this account (402, 429)
├── ModelUnknown    it has no such model (404)
├── Rejected        it does not take what we sent, or we do not understand what it said
├── Unreachable     it does not answer, or not in time
└── EgressRefused   we do not go there
"""

from __future__ import annotations

from forecastlab.lib.errors import HouseError


class ProviderError(HouseError):
    """The provider did not do what it was asked."""

    code = "provider_error"
    title = "The provider did not answer"


class ProviderUnknown(ProviderError):
    """The settings name a provider that there is no way to ask."""

    code = "provider_unknown"


class AuthRefused(ProviderError):
    """The provider does not accept the key."""

    code = "provider_auth"


class QuotaExhausted(ProviderError):
    """The provider takes no more requests for now."""

    code = "provider_quota"


class ModelUnknown(ProviderError):
    """The provider has no model of this name."""

    code = "provider_model_not_found"


class Rejected(ProviderError):
    """The provider does not take what was sent."""

    code = "provider_rejected"


class Unreachable(ProviderError):
    """The provider does not answer."""

    code = "provider_unavailable"


class EgressRefused(ProviderError):
    """The address is not the one that was configured."""

    code = "provider_egress"
