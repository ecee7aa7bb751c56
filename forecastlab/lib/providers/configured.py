"""The providers of this installation, as its settings name them."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from forecastlab.lib.providers.egress import allowed
from forecastlab.lib.providers.embeddings import OllamaEmbeddings, OpenAIEmbeddings
from forecastlab.lib.providers.errors import ProviderUnknown
from forecastlab.lib.providers.http import Endpoint, Patience
from forecastlab.lib.providers.port import EmbeddingModel

Kind = type[OpenAIEmbeddings] | type[OllamaEmbeddings]
EMBEDDINGS: dict[str, tuple[Kind, str, str]] = {
    "openai": (OpenAIEmbeddings, "https://api.openai.com/v1", "text-embedding-3-small"),
    "ollama": (OllamaEmbeddings, "http://127.0.0.1:11434", "nomic-embed-text"),
}


def name() -> str:
    """Return what kind of provider is set; empty for none."""
    return str(settings.EMBEDDING_PROVIDER)


def embeddings(*, patience: Patience | None = None) -> EmbeddingModel | None:
    """Return the configured embedding model; None where there is none.

    Nothing is asked here; raises ProviderUnknown for another name than those above, and
    EgressRefused where we would not go.
    """
    kind_of = name()
    if not kind_of:
        return None
    if kind_of not in EMBEDDINGS:
        told = {"named": kind_of, "known": " or ".join(EMBEDDINGS)}
        raise ProviderUnknown(
            _("There is no provider of embeddings '%(named)s'; use %(known)s.") % told,
            hint=_("Set FORECASTLAB_EMBEDDING_PROVIDER, or unset it to do without."),
        )
    kind, usual_url, usual_model = EMBEDDINGS[kind_of]
    url = (settings.EMBEDDING_URL or usual_url).rstrip("/")
    key = settings.EMBEDDING_KEY
    endpoint = Endpoint(allowed(url, key=key), key, patience or Patience())
    return kind(endpoint, url, settings.EMBEDDING_MODEL or usual_model)
