"""One series of a backtest, with what every model forecast of it on the folds."""

from __future__ import annotations

from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.models import Backtest, Champion, Forecast
from forecastlab.forecasting.queries.replay import Replay, Wanted
from forecastlab.forecasting.queries.series_page import SeriesPage
from forecastlab.lib.errors import NotFound


class NoSuchSeries(NotFound):
    """There is no such series in this backtest."""

    code = "no_such_series"


def of_forecast(forecast: Forecast, asked: Wanted) -> SeriesPage:
    """Return the page of an issued forecast."""
    issue = forecast.issue
    champion = _champion(issue.backtest, forecast.series_id)
    replay = None
    if issue.version_id == issue.backtest.version_id:
        replay = _replay(issue.backtest, forecast.series_id, champion, asked)
    return SeriesPage(issue.backtest, forecast.series, forecast, champion, replay)


def of_backtest(backtest: Backtest, series_id: int, asked: Wanted) -> SeriesPage:
    """Return the page of a judged series, with the newest forecast that came of it."""
    champion = _champion(backtest, series_id)
    if champion is None:
        raise NoSuchSeries(_("There is no such series in this backtest."))
    same = Forecast.objects.filter(issue__backtest=backtest, issue__version=backtest.version_id)
    newest = same.filter(series=series_id).select_related("issue__version__dataset")
    replay = _replay(backtest, series_id, champion, asked)
    forecast = newest.order_by("-issue").first()
    return SeriesPage(backtest, champion.series, forecast, champion, replay, from_backtest=True)


def _champion(backtest: Backtest, series_id: int) -> Champion | None:
    found = Champion.objects.filter(backtest=backtest, series=series_id)
    return found.select_related("series").first()


def _replay(
    backtest: Backtest, series_id: int, champion: Champion | None, asked: Wanted
) -> Replay | None:
    if champion is None:
        return None
    judged = gateways.get_rows(backtest.forecasts, "series_id", series_id)
    return Replay(backtest, champion, judged.sort("fold", "step"), asked)
