"""Pages, event streams and sockets for an ASGI server."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forecastlab.settings")

# Loads the apps: what follows imports models.
_http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from forecastlab.events.consumers import LiveConsumer, NoConsumer  # noqa: E402

# The stubs of `path` know views only, those of URLRouter only what it accepts besides.
sockets = URLRouter([path("live/", LiveConsumer.as_asgi())])  # type: ignore[arg-type,list-item]
_elsewhere = re_path("", NoConsumer.as_asgi())  # type: ignore[arg-type]
_routed = URLRouter([*sockets.routes, _elsewhere])  # type: ignore[list-item]

application = ProtocolTypeRouter(
    {
        "http": _http,
        "websocket": AllowedHostsOriginValidator(SessionMiddlewareStack(_routed)),
    }
)
