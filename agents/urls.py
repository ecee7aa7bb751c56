from __future__ import annotations

from django.urls import path

from agents.views import approvals, changes, controls, notices, run_gates, sessions

app_name = "agents"
urlpatterns = [
    path("agents/", sessions.sessions_list, name="sessions"),
    path("agents/new/", sessions.session_new, name="session-new"),
    path("agents/<int:pk>/", sessions.session, name="session"),
    path("agents/<int:pk>/actions/", sessions.session_actions, name="session-actions"),
    path("agents/<int:pk>/asks/", sessions.session_asks, name="session-asks"),
    path("agents/<int:pk>/say/", sessions.session_say, name="session-say"),
    path("agents/<int:pk>/stop/", sessions.session_stop, name="session-stop"),
    path("agents/<int:pk>/retry/", sessions.session_retry, name="session-retry"),
    path("agents/<int:pk>/retract/", sessions.session_retract, name="session-retract"),
    path("agents/<int:pk>/delete/", sessions.session_delete, name="session-delete"),
    path("agents/calls/<int:pk>/settle/", sessions.call_settle, name="call-settle"),
    path("agents/notices/", notices.notices, name="notices"),
    path("agents/runs/<int:pk>/<slug:step>/", run_gates.run_gate, name="run-gate"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/count/", approvals.approvals_count, name="approvals-count"),
    path("approvals/decide/", approvals.approvals_decide, name="approvals-decide"),
    path("approvals/<int:pk>/", approvals.approval, name="approval"),
    path("approvals/<int:pk>/card/", approvals.approval_card, name="approval-card"),
    path("approvals/<int:pk>/decide/", approvals.approval_decide, name="approval-decide"),
    path("approvals/<int:pk>/change/", changes.approval_change, name="approval-change"),
    path("approvals/orders/", controls.control_page, name="controls"),
]
