"""Safeguards taken away one by one: each must turn its test red.

To add one: the file, the text that protects, what to put in its place, and the test that must
notice. The text must stand in the file exactly once, so a change of the code is noticed here too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    name: str
    file: str
    original: str
    mutated: str
    test: str


_ACCEPTANCE = "tests/agents/test_acceptance.py"
_ACCOUNTS = "forecastlab/accounts"
_APPROVALS = "tests/agents/test_approvals.py"
_DECISIONS = "tests/agents/test_decision_races.py"
_EVENTS = "tests/events"
_JOBS = "forecastlab/jobs/services"
_LEASES = "tests/jobs/test_leases.py"
_OVERRIDES = "tests/planning/test_overrides.py"
_PROMOTIONS = "tests/forecasting/test_promotion.py"
_SESSIONS = "tests/agents/test_sessions.py"

MUTATIONS = (
    Mutation(
        "what became of a call is recorded by whoever lost it",
        "agents/services/invocations.py",
        "pk=one.pk, status=Invocation.Status.CLAIMED, fence=fence)",
        "pk=one.pk, status=Invocation.Status.CLAIMED)",
        f"{_SESSIONS}::test_a_late_record_of_a_call_that_somebody_else_has_claimed_changes_nothing",
    ),
    Mutation(
        "a call that is claimed is claimed again",
        "agents/services/invocations.py",
        'pk=one.pk, status__in=sources(INVOCATION, "claim"))',
        "pk=one.pk)",
        f"{_SESSIONS}::test_a_late_record_of_a_call_that_somebody_else_has_claimed_changes_nothing",
    ),
    Mutation(
        "a token of a reset is used without looking whether it was",
        "showcase/services/resets.py",
        "mine.filter(used_at=None, expires_at__gt=Now())",
        "mine.filter(expires_at__gt=Now())",
        "tests/showcase/test_reset_replay.py::test_of_two_who_use_a_token_at_once_one_is_refused",
    ),
    Mutation(
        "promote without a lock on the alias",
        "forecastlab/forecasting/services/promotion.py",
        'Alias.objects.select_for_update(no_key=True, of=("self",))',
        "Alias.objects",
        f"{_PROMOTIONS}::test_of_two_promotions_at_once_one_wins_and_the_other_is_told",
    ),
    Mutation(
        "start what is due without looking whether somebody has",
        f"{_JOBS}/firing.py",
        ", is_enabled=True, next_at=due",
        "",
        "tests/jobs/test_schedules.py::test_of_two_sweeps_at_once_one_starts_it",
    ),
    Mutation(
        "claim although the lease is held",
        f"{_JOBS}/leases.py",
        "JobStep.objects.filter(free, pk=step_id",
        "JobStep.objects.filter(pk=step_id",
        f"{_LEASES}::test_a_claim_that_waited_for_another_looks_again",
    ),
    Mutation(
        "claim before the pause is over",
        f"{_JOBS}/leases.py",
        ", due_at__lte=Now())",
        ")",
        f"{_LEASES}::test_a_message_that_comes_before_the_pause_is_over_does_nothing",
    ),
    Mutation(
        "no fence in the lock of the step",
        f"{_JOBS}/leases.py",
        "where id = %s and fence = %s and",
        "where id = %s and fence >= %s and",
        f"{_LEASES}::test_a_zombie_that_wakes_up_late_writes_nothing",
    ),
    Mutation(
        "no lock around what is written inside the fence",
        f"{_JOBS}/leases.py",
        "\nfor no key update",
        "",
        f"{_LEASES}::test_nobody_takes_over_from_a_holder_who_is_writing",
    ),
    Mutation(
        "no fence in the report of progress",
        f"{_JOBS}/reporting.py",
        "pk=self._lease.step_id, fence=self._lease.fence, status=StepStatus.RUNNING",
        "pk=self._lease.step_id",
        f"{_LEASES}::test_a_zombie_that_wakes_up_late_writes_nothing",
    ),
    Mutation(
        "a freed lease keeps its fence",
        f"{_JOBS}/sweeping.py",
        'update(fence=F("fence") + 1)',
        'update(fence=F("fence"))',
        "tests/jobs/test_sweeping.py::test_a_lease_that_ran_out_is_freed_and_called_again",
    ),
    Mutation(
        "every sweep sweeps",
        f"{_JOBS}/sweeping.py",
        "        if not first:\n            return\n",
        "",
        "tests/jobs/test_sweeping.py::test_a_second_sweep_at_the_same_time_does_nothing",
    ),
    Mutation(
        "bytes stored again keep their age",
        "forecastlab/lib/artefacts.py",
        "            os.utime(self.path(name))\n",
        "            os.stat(self.path(name))\n",
        "tests/jobs/test_storeroom.py::test_bytes_that_are_stored_again_while_a_sweep_runs_stay",
    ),
    Mutation(
        "no lock of the parent by the shard that closes",
        f"{_JOBS}/closing.py",
        "JobStep.objects.select_for_update(no_key=True).get(pk=parent_id)",
        "JobStep.objects.get(pk=parent_id)",
        "tests/jobs/test_fan_out.py::test_two_shards_that_close_together_wake_their_parent_once",
    ),
    Mutation(
        "no lock of the job by whoever cancels",
        f"{_JOBS}/jobs.py",
        "Job.objects.select_for_update(no_key=True).get(pk=job.pk)",
        "Job.objects.get(pk=job.pk)",
        "tests/jobs/test_cancel.py::"
        "test_a_cancel_that_comes_while_the_job_finishes_is_without_effect",
    ),
    Mutation(
        "no lock of the job by the step that closes",
        f"{_JOBS}/closing.py",
        "Job.objects.select_for_update(no_key=True).get(pk=step.job_id)",
        "Job.objects.get(pk=step.job_id)",
        "tests/jobs/test_cancel.py::test_a_step_that_is_already_closing_hears_of_a_cancel",
    ),
    Mutation(
        "cancel locks the job before its steps",
        f"{_JOBS}/jobs.py",
        "        _lock_what_workers_lock_first(job)\n",
        "",
        "tests/jobs/test_cancel.py::test_cancelling_and_claiming_at_the_same_moment_never_deadlock",
    ),
    Mutation(
        "nobody holds the slot",
        f"{_JOBS}/admission.py",
        "slot=F(slot), ",
        "",
        "tests/jobs/test_slots.py::test_of_two_that_start_together_one_gets_the_slot",
    ),
    Mutation(
        "no lock around the count of a kind's running jobs",
        f"{_JOBS}/admission.py",
        "select pg_advisory_xact_lock(hashtext('jobs.cap'), hashtext(%s))",
        "select %s",
        "tests/jobs/test_slots.py::test_of_those_that_start_together_no_more_than_the_cap_run",
    ),
    Mutation(
        "park although somebody has answered",
        f"{_JOBS}/closing.py",
        "if job.wake_requested or job.cancel_requested:",
        "if job.cancel_requested:",
        "tests/jobs/test_waiting.py::test_whoever_answers_before_the_job_has_parked_is_not_lost",
    ),
    Mutation(
        "a link is burnt without asking whether it was",
        f"{_ACCOUNTS}/services/sign_in_links.py",
        "link.filter(used_at=None, expires_at__gt=at)",
        "link.filter(expires_at__gt=at)",
        "tests/accounts/test_sign_in_links.py::test_of_two_uses_at_once_one_succeeds",
    ),
    Mutation(
        "tries are counted without their limit",
        f"{_ACCOUNTS}/services/sign_in.py",
        "tries.filter(count__lt=count.limit).update(",
        "tries.update(",
        "tests/accounts/test_sign_in.py::test_tries_sent_at_once_do_not_exceed_the_limit",
    ),
    Mutation(
        "an Idempotency-Key may stand twice",
        f"{_ACCOUNTS}/migrations/0001_accounts.py",
        'fields=("user", "key"), name="idempotency_key_once_per_user"',
        'fields=("user", "key", "created_at"), name="idempotency_key_once_per_user"',
        "tests/accounts/test_api.py::test_of_the_same_request_sent_at_once_one_has_an_effect",
    ),
    Mutation(
        "a change of roles that no socket hears of",
        f"{_ACCOUNTS}/services/people.py",
        "for role in roles)])\n        doorbell.recheck(person.pk)\n",
        "for role in roles)])\n",
        "tests/accounts/test_sockets.py::test_a_socket_is_refused_at_once",
    ),
    Mutation(
        "a verb is declared and not asked",
        f"{_ACCOUNTS}/services/access.py",
        "        check(user, verb)\n        return None",
        "        return None",
        "tests/architecture/test_urls.py::test_an_address_lets_in_whom_the_table_says[jobs:job-cancel]",
    ),
    Mutation(
        "numbers of a stream without the lock of its head",
        "forecastlab/events/services/log.py",
        """    insert into events_streamhead as head (stream, seq) values (%(stream)s, %(count)s)
    on conflict (stream) do update set seq = head.seq + excluded.seq
    returning seq
""",
        """    select coalesce(max(seq), 0) + %(count)s as seq from events_event
    where stream = %(stream)s
""",
        f"{_EVENTS}/test_log.py::test_eight_writers_leave_no_gap_and_no_deadlock",
    ),
    Mutation(
        "streams locked in the order in which they come",
        "forecastlab/events/services/log.py",
        "for stream in sorted(by_stream):",
        "for stream in by_stream:",
        f"{_EVENTS}/test_log.py::test_eight_writers_leave_no_gap_and_no_deadlock",
    ),
    Mutation(
        "a subscription that nobody authorises",
        "forecastlab/events/services/access.py",
        "(user.pk, can_read(user, stream))",
        "(user.pk, True)",
        f"{_EVENTS}/test_live_socket.py::test_a_stranger_is_refused_the_stream",
    ),
    Mutation(
        "two jobs on one uploaded file",
        "forecastlab/warehouse/services/previews.py",
        "if Job.objects.unfinished().filter(params__upload=token).exists():",
        "if not token:",
        "tests/warehouse/test_import_pages.py::test_a_file_is_read_by_one_job_at_a_time",
    ),
    Mutation(
        "work starts without the lock of its dataset",
        "forecastlab/warehouse/services/versions.py",
        "WHERE id = %s FOR KEY SHARE",
        "WHERE id = %s",
        "tests/warehouse/test_dataset_changes.py::"
        "test_work_that_starts_and_a_deletion_know_of_each_other",
    ),
    Mutation(
        "forecasts taken over although series that were learnt from changed",
        "forecastlab/forecasting/domain/reuse.py",
        "whole = [_digest(list(one)) for one in zip(*printed, strict=True)]",
        "pass",
        "tests/forecasting/test_reuse.py::"
        "test_a_key_follows_from_what_may_be_known_at_its_origin_and_from_nothing_else",
    ),
    Mutation(
        "results taken over from another config",
        "forecastlab/forecasting/services/sameness.py",
        "version.content_hash, config.hash, _known(version)]",
        "version.content_hash, _known(version)]",
        "tests/showcase/test_reuse.py::test_another_config_is_computed",
    ),
    Mutation(
        "results taken over from other software",
        "forecastlab/forecasting/services/sameness.py",
        "told += [registry.software(), installed.digest(*installed.PARTS)]",
        "told += [installed.digest(*installed.PARTS)]",
        "tests/showcase/test_reuse.py::test_other_sales_and_other_software_are_computed",
    ),
    Mutation(
        "an override is written without waiting for a freeze under way",
        "forecastlab/planning/services/locks.py",
        "        cursor.execute(_HOLD, [dataset.pk % 2**31])\n",
        '        cursor.execute("select 1")\n',
        f"{_OVERRIDES}::test_an_override_that_comes_while_it_is_frozen_is_refused",
    ),
    Mutation(
        "an override is written over one that nobody has seen",
        "forecastlab/planning/services/overrides.py",
        "if one.revision is None or self.before.revision(one.series, one.period) == one.revision:",
        "if one.revision is None or one.revision >= 0:",
        f"{_OVERRIDES}::test_of_two_who_change_a_number_at_once_the_second_is_told",
    ),
    Mutation(
        "an answer to an approval is taken whatever has become of it",
        "agents/services/closing.py",
        "Approval.objects.filter(seen, pk=approval.pk, status=Approval.Status.OPEN)",
        "Approval.objects.filter(pk=approval.pk)",
        f"{_DECISIONS}::test_of_two_who_answer_at_once_one_wins_and_the_other_is_told",
    ),
    Mutation(
        "the clock answers an approval whatever has become of it",
        "agents/services/closing.py",
        "Approval.objects.filter(seen, pk=approval.pk, status=Approval.Status.OPEN)",
        "Approval.objects.filter(pk=approval.pk)",
        f"{_DECISIONS}::test_an_answer_in_the_last_moment_is_not_overwritten_by_the_clock",
    ),
    Mutation(
        "an answer is taken for another question",
        "agents/services/closing.py",
        "Approval.objects.filter(seen, pk=approval.pk, status=Approval.Status.OPEN)",
        "Approval.objects.filter(pk=approval.pk)",
        f"{_ACCEPTANCE}::test_an_answer_to_the_wrong_question_is_refused_and_nothing_runs",
    ),
    Mutation(
        "an approval is answered after its time",
        "agents/services/decisions.py",
        "Q(version=version, digest=digest, expires_at__gt=Now())",
        "Q(version=version, digest=digest)",
        f"{_APPROVALS}::test_silence_is_a_no",
    ),
    Mutation(
        "what is not rejected in so many words runs",
        "agents/services/gating.py",
        "if approval.status != Approval.Status.APPROVED:",
        "if approval.status == Approval.Status.OPEN:",
        f"{_APPROVALS}::test_no_means_no",
    ),
    Mutation(
        "a call of a session that is over runs",
        "agents/services/gating.py",
        '    if session.is_ended:\n        raise NotRunnable("session_over"',
        '    if not session.pk:\n        raise NotRunnable("session_over"',
        f"{_APPROVALS}::test_what_changed_since_the_answer_does_not_run",
    ),
    Mutation(
        "what was approved runs where no environment is set any more",
        "agents/services/gating.py",
        "if settings.FORECASTLAB_ENVIRONMENT not in gate.ENVIRONMENTS:",
        "if settings.FORECASTLAB_ENVIRONMENT is None:",
        f"{_ACCEPTANCE}::test_without_an_environment_no_effect_happens_even_if_it_was_approved",
    ),
    Mutation(
        "a call that was lost is done again",
        "agents/services/invocations.py",
        'move = "lose" if tool is None or tool.has_effect else "again"',
        'move = "again"',
        f"{_SESSIONS}::test_a_call_that_was_claimed_and_not_recorded_waits_for_a_person",
    ),
    Mutation(
        "a status changes without an event",
        "agents/services/moves.py",
        "log.append([*also, event], actor_id",
        "log.append([*also], actor_id",
        "tests/agents/test_rows.py::"
        "test_no_status_changes_without_its_event_in_the_same_transaction",
    ),
    Mutation(
        "a session is changed without its lock",
        "agents/services/moves.py",
        "return Session.objects.select_for_update(no_key=True).get(pk=session_id)",
        "return Session.objects.get(pk=session_id)",
        f"{_DECISIONS}::test_an_answer_waits_for_who_is_stopping_the_session",
    ),
    Mutation(
        "two start with one key at once",
        "agents/services/sessions.py",
        "select pg_advisory_xact_lock(hashtext('agents.start'), hashtext(%s))",
        "select %s",
        f"{_DECISIONS}::test_of_two_who_start_with_one_key_at_once_both_get_one_session",
    ),
    Mutation(
        "an approval is answered without waiting for who stops its session",
        "agents/services/decisions.py",
        "session = moves.lock(found.invocation.session_id)",
        "session = found.invocation.session",
        f"{_DECISIONS}::test_an_answer_waits_for_who_is_stopping_the_session",
    ),
    Mutation(
        "an approval is answered for other arguments than were seen",
        "agents/services/decisions.py",
        "Q(version=version, digest=digest, expires_at__gt=Now())",
        "Q(version=version, expires_at__gt=Now())",
        f"{_APPROVALS}::test_only_what_was_seen_is_answered",
    ),
    Mutation(
        "other arguments are executed than were approved",
        "agents/services/gating.py",
        "if digests.digest(plain) != approval.digest:",
        "if not plain:",
        f"{_APPROVALS}::test_what_changed_since_the_answer_does_not_run",
    ),
)
