"""Rendering the regions that are pushed: the same for all viewers, one language at a time."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import translation

from forecastlab.events.services import streams
from forecastlab.lib.contributions import LiveRegion


def pushed(stream: str) -> Mapping[str, LiveRegion]:
    """Return the push regions of `stream` by the id of the element that each replaces."""
    prefix, _, key = stream.partition(".")
    declared = streams.declared().get(prefix)
    regions = declared.regions if declared else ()
    return {region.element_id(key): region for region in regions if region.render is not None}


def render(stream: str, element_id: str, language: str) -> str:
    """Return the region's HTML as of now, "" for one that the stream does not push."""
    region = pushed(stream).get(element_id)
    if region is None or region.render is None:
        return ""
    with translation.override(language):
        return region.render(stream.partition(".")[2])
