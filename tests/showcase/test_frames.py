"""Frames of clients of an earlier system: what they mean here must not change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from forecastlab.events import queries as events
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.models import DatasetVersion
from showcase.domain import frames
from showcase.models import Run, Workspace
from showcase.services import frames as started
from showcase.services import runs
from tests.factories import make_sales, make_user, make_version, run_job, work_off
from tests.showcase.test_api import call

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
EMPTY_HASH = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
SHORT = ["precheck", "reset", "seed", "status", "features", "train", "backtest", "register"]
SHORT += ["verify", "agent", "cleanup"]
LONG = ["precheck", "reset", "seed", "status", "features", "phase2_enrichment"]
LONG += ["historical_backfill", "train", "v2_train", "backtest", "register"]
LONG += ["champion_compat_compare", "stale_alias_trigger", "safer_promote_flow"]
LONG += ["batch_preset", "scenario_simulate_and_save", "multi_plan_compare"]
LONG += ["embedding_provider_probe", "rag_index_subset", "rag_retrieve_probe", "verify"]
LONG += ["agent_hitl_flow", "cleanup"]


def make_simulated(scenario: str = "demo_minimal", *, by: Any) -> DatasetVersion:
    """A small version that says of itself that it was simulated for the scenario."""
    version = make_version(make_sales(90, 2), name=scenario, by=by)
    version.source = DatasetVersion.Source.SIMULATION
    version.config = {"simulate": {"preset": scenario}}
    version.save(update_fields=["source", "config"])
    return version


# -- the meaning of a frame --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "options"),
    [
        ({}, {"seed": 42}),
        ({"client": "an older one"}, {"seed": 42}),
        ({"seed": 7, "reset": True}, {"seed": 7, "reset": True}),
        ({"scenario": "showcase_rich"}, {"seed": 42, "table": "long"}),
        ({"preservation": "keep"}, {"seed": 42, "keep": True}),
        ({"preservation": "keep", "workspace_name": "monday"}, {"seed": 42, "keep": "monday"}),
        ({"seed_overrides": {}, "user_scope": None}, {"seed": 42}),
        (
            {"skip_seed": False, "seed_overrides": {"stores": 4, "noise_sigma": 0}},
            {"seed": 42, "simulate": {"stores": 4, "noise_sigma": 0}},
        ),
        (
            {"user_scope": {"store_id": 2, "product_id": 5}},
            {"seed": 42, "focus": "S0002:SKU-10004"},
        ),
        (
            {"train_model_types": ["naive", "prophet_like"]},
            {"seed": 42, "models": ["naive", "prophet_like"]},
        ),
        (
            {"backtest": {"n_splits": 2}},
            {"seed": 42, "horizon": 14, "folds": 2, "gap": 0, "metric": "wape"},
        ),
        (
            {"backtest": {"horizon": 7, "strategy": "sliding", "min_train_size": 45, "gap": 1}},
            {"seed": 42, "horizon": 7, "folds": 3, "gap": 1, "metric": "wape", "window": 45},
        ),
        (
            {"backtest": {"strategy": "sliding", "min_train_size": 7}},
            {"seed": 42, "horizon": 14, "folds": 3, "gap": 0, "metric": "wape", "window": 30},
        ),
    ],
)
def test_a_frame_in_the_words_of_the_config(frame: dict[str, Any], options: dict[str, Any]) -> None:
    assert frames.translate(frame).options == options


def test_sales_are_reused_unless_they_are_to_be_simulated_anew() -> None:
    assert frames.translate({}).reuses
    assert not frames.translate({"skip_seed": False}).reuses
    assert not frames.translate({"reset": True}).reuses


@pytest.mark.parametrize(
    ("frame", "digest"),
    [
        ({}, EMPTY_HASH),
        ({"client": "an older one"}, EMPTY_HASH),
        (
            {"scenario": "demo_minimal", "seed": 42},
            "f0ca9d24b77bbba6e4e66e13575fc8a2f43a5a15c37ed9eabd39263d6e422499",
        ),
        (
            {"seed": 42, "reset": False, "skip_seed": True, "scenario": "demo_minimal"},
            "973785a196a4af60eae073d3e0d297187c4f8979f610dafcd09e1f7652afa5fd",
        ),
    ],
)
def test_the_hash_of_a_frame_covers_the_given_keys_and_never_changes(
    frame: dict[str, Any], digest: str
) -> None:
    assert frames.translate(frame).hash == digest
    assert frames.translate(dict(reversed(frame.items()))).hash == digest


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ([], "frame"),
        ({"seed": "42"}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": None}, "seed"),
        ({"reset": 1}, "reset"),
        ({"skip_seed": "no"}, "skip_seed"),
        ({"scenario": 3}, "scenario"),
        ({"preservation": "forever"}, "preservation"),
        ({"workspace_name": "monday"}, "workspace_name"),
        ({"preservation": "keep", "workspace_name": "Monday"}, "workspace_name"),
        ({"preservation": "keep", "workspace_name": "m" * 101}, "workspace_name"),
        ({"preservation": "keep", "workspace_name": 5}, "workspace_name"),
        ({"replayed_from_workspace_id": "a" * 32}, "replayed_from_workspace_id"),
        (
            {"preservation": "keep", "replayed_from_workspace_id": "a" * 31},
            "replayed_from_workspace_id",
        ),
        ({"seed_overrides": {"stores": 4}}, "seed_overrides"),
        ({"skip_seed": False, "seed_overrides": [4]}, "seed_overrides"),
        ({"skip_seed": False, "seed_overrides": {"shops": 4}}, "seed_overrides.shops"),
        ({"skip_seed": False, "seed_overrides": {"stores": 4.0}}, "seed_overrides.stores"),
        ({"skip_seed": False, "seed_overrides": {"stores": "4"}}, "seed_overrides.stores"),
        ({"skip_seed": False, "seed_overrides": {"sparsity": True}}, "seed_overrides.sparsity"),
        ({"user_scope": {"store_id": 1}}, "user_scope.product_id"),
        ({"user_scope": {"store_id": 0, "product_id": 1}}, "user_scope.store_id"),
        ({"user_scope": {"store_id": 1, "product_id": 1, "sku": 1}}, "user_scope.sku"),
        ({"train_model_types": []}, "train_model_types"),
        ({"train_model_types": "naive"}, "train_model_types"),
        ({"train_model_types": list(frames.MODELS)}, "train_model_types"),
        ({"train_model_types": ["naive", "naive"]}, "train_model_types"),
        ({"train_model_types": ["theta"]}, "train_model_types"),
        ({"train_model_types": [["naive"]]}, "train_model_types"),
        ({"backtest": {"horizon": 91}}, "backtest.horizon"),
        ({"backtest": {"horizon": 7.0}}, "backtest.horizon"),
        ({"backtest": {"n_splits": 1}}, "backtest.n_splits"),
        ({"backtest": {"min_train_size": 6}}, "backtest.min_train_size"),
        ({"backtest": {"gap": 14}}, "backtest.gap"),
        ({"backtest": {"strategy": "rolling"}}, "backtest.strategy"),
        ({"backtest": {"metric": "mape"}}, "backtest.metric"),
        ({"backtest": {"folds": 3}}, "backtest.folds"),
    ],
)
def test_a_frame_that_breaks_a_rule_is_refused_by_its_own_name(frame: Any, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        frames.translate(frame)

    assert refused.value.field == field


# -- what is run -------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"scenario": "rich"}, "scenario"),
        ({"skip_seed": False, "seed_overrides": {"stores": 0}}, "seed_overrides.stores"),
        (
            {
                "skip_seed": False,
                "scenario": "holiday_rush",
                "seed_overrides": {"window_days": 90},
            },
            "seed_overrides.window_days",
        ),
        ({"backtest": {"n_splits": 6}}, "backtest.n_splits"),
        ({"backtest": {"min_train_size": 60}}, "backtest.min_train_size"),
        ({"preservation": "keep", "workspace_name": "taken"}, "workspace_name"),
    ],
)
def test_what_only_the_house_knows_is_refused_by_its_own_name_too(
    frame: dict[str, Any], field: str
) -> None:
    alice = make_user()
    started.start({"preservation": "keep", "workspace_name": "taken"}, by=alice, at=AT)

    status, problem = call(alice, "POST", "/frames", frame)

    assert (status, problem["field"]) == (422, field)
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_a_first_fold_with_too_little_before_it_says_what_would_fit() -> None:
    alice = make_user()

    told = call(alice, "POST", "/frames", {"backtest": {"min_train_size": 60}})[1]["detail"]
    both = {"backtest": {"min_train_size": 80, "n_splits": 2}}
    shorter = call(alice, "POST", "/frames", both)[1]["detail"]

    assert told == "3 folds of 14 days after 60 days need 102 days; there are 92. Use 2 folds."
    assert shorter.endswith("Use a min_train_size of at most 64.")


@pytest.mark.django_db
def test_a_plain_frame_runs_over_the_newest_simulated_sales_as_it_always_did() -> None:
    alice = make_user()
    make_simulated(by=alice)
    newest = make_simulated(by=alice)
    make_version(make_sales(90, 2), name="demo_minimal", by=alice)  # imported

    planned = call(alice, "POST", "/frames?dry_run=true", {"seed": 42})[1]
    status, told = call(alice, "POST", "/frames", {"seed": 42, "train_model_types": ["naive"]})

    judged = [planned["config"][key] for key in ("horizon", "folds", "step", "gap", "metric")]
    assert (planned["dataset"], judged) == (newest.ref, [14, 3, 14, 0, "wape"])
    assert [one["name"] for one in planned["steps"]] == SHORT
    run = work_off(Run.objects.get(pk=told["run"]))
    assert (status, told["dataset"], told["workspace"]) == (201, newest.ref, None)
    assert (run.status, told["frame_hash"]) == ("succeeded", run.frame_hash)
    assert run.frame == {"seed": 42, "train_model_types": ["naive"]}
    assert [step.name for step in run.steps.in_order()] == SHORT
    kinds = [one.kind for one in events.after(run.stream, 0)]
    steps = ["step.started", "step.finished"] * len(SHORT)
    assert kinds == ["run.queued", "run.running", *steps, "run.succeeded"]


@pytest.mark.django_db
def test_without_simulated_sales_a_frame_simulates_and_keeps_the_run_when_asked() -> None:
    alice = make_user()
    frame = {"preservation": "keep", "scenario": "sparse", "client": "ignored"}

    planned = call(alice, "POST", "/frames?dry_run=true", frame)[1]
    told = call(alice, "POST", "/frames", frame)[1]

    assert [one["name"] for one in planned["steps"]] == SHORT
    assert (planned["config_hash"], planned["frame_hash"]) == (
        told["config_hash"],
        told["frame_hash"],
    )
    assert (told["scenario"], told["workspace"]) == ("sparse", f"run-{told['run']}")
    assert Workspace.objects.get().created_by == alice


@pytest.mark.django_db
def test_what_a_frame_simulated_is_what_the_next_one_uses() -> None:
    alice = make_user()
    small = {"skip_seed": False, "seed_overrides": {"stores": 1, "products": 2}}
    run = started.start({**small, "user_scope": {"store_id": 1, "product_id": 2}}, by=alice, at=AT)
    assert run.job is not None
    while not run.steps.get(name="status").outcome:
        run_job(run.job, rounds=1)

    row = run.steps.get(name="status")
    assert (row.outcome, row.data["focus"]) == ("pass", "S0001:SKU-10001")
    assert started.plan({}, by=alice, at=AT)["dataset"] == "demo_minimal@1"
    assert started.plan(small, by=alice, at=AT)["dataset"] is None
    beyond = {"user_scope": {"store_id": 9, "product_id": 2}}
    (warned,) = started.plan(beyond, by=alice, at=AT)["warnings"]
    assert "There is no series 'S0009:SKU-10001'" in warned


@pytest.mark.django_db
def test_the_rich_scenario_has_the_rows_of_the_long_table_in_their_order() -> None:
    planned = started.plan({"scenario": "showcase_rich"}, by=make_user(), at=AT)

    assert [one["name"] for one in planned["steps"] if one["name"] in LONG] == LONG


@pytest.mark.django_db
def test_a_reset_is_carried_by_the_config_only_where_it_is_asked_for() -> None:
    alice = make_user()
    make_simulated(by=alice)

    plain = started.start({"reset": False}, by=alice, at=AT)
    reset = started.start({"reset": True}, by=alice, at=AT)
    imported = make_version(name="shop", by=alice)

    assert "reset" not in plain.config
    assert (reset.config["reset"], reset.scenario) == (True, "demo_minimal")
    with pytest.raises(BadInput, match="only simulated sales can be reset"):
        runs.start({"dataset": imported.ref, "reset": True}, by=alice, at=AT)
