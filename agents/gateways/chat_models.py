"""The chat model of this installation, as its settings name it."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from agents.domain.conversation import ChatModel
from agents.domain.planner import Planner
from agents.gateways.chat_http import OllamaChat, OpenAIChat
from forecastlab.lib.providers.egress import allowed
from forecastlab.lib.providers.errors import ProviderUnknown
from forecastlab.lib.providers.http import Endpoint, Patience

PLANNER, NONE = "planner", "none"
CHATS: dict[str, tuple[type[OpenAIChat] | type[OllamaChat], str, str]] = {
    "openai": (OpenAIChat, "https://api.openai.com/v1", "gpt-4.1-mini"),
    "ollama": (OllamaChat, "http://127.0.0.1:11434", "qwen2.5"),
}
# A model thinks for longer than one that embeds; the lease of a session lasts longer still.
PATIENCE = Patience(read=120.0, tries=2)


def name() -> str:
    return str(settings.FORECASTLAB_LLM)


def configured(*, patience: Patience = PATIENCE) -> ChatModel:
    """Return the chat model; raises ProviderUnknown for a name that there is none for.

    Nothing is asked here; raises EgressRefused where we would not go.
    """
    kind_of = name()
    if kind_of == PLANNER:
        return Planner()
    if kind_of not in CHATS:
        told = {"named": kind_of, "known": ", ".join([PLANNER, *CHATS])}
        raise ProviderUnknown(
            _("No chat model is called '%(named)s'; use %(known)s.") % told,
            hint=_("Set FORECASTLAB_LLM."),
        )
    kind, usual_url, usual_model = CHATS[kind_of]
    url, key = (settings.LLM_URL or usual_url).rstrip("/"), settings.LLM_KEY
    endpoint = Endpoint(allowed(url, key=key), key, patience)
    return kind(endpoint, url, settings.LLM_MODEL or usual_model)
