"""The page on the audit log in docs/reference is current, and the grammar holds what it promises."""

import re
import runpy
from pathlib import Path

from litesoc_server.audit.actions import Action, Category, actions_in

DOCS = Path(__file__).parents[2] / "docs"
# Named by the contract, 8.7.
OF_THE_HOSTED_SERVICE = [
    "settings.updated",
    "billing.plan_changed",
    "api_key.regenerated",
    "sso.enabled",
    "ip_whitelist.updated",
    "retention.changed",
    "api_key.created",
    "api_key.revoked",
    "member.invited",
    "member.removed",
    "member.role_changed",
    "origins.updated",
    "sso.disabled",
    "alert.resolved",
    "alert.dismissed",
    "alert.acknowledged",
    "webhook.updated",
    "agent.update_triggered",
    "audit_log.exported",
    "auth.login",
]


def test_page_is_what_the_generator_prints() -> None:
    page = (DOCS / "reference" / "audit.md").read_text(encoding="utf-8")
    generated = runpy.run_path(str(DOCS / "generate_audit.py"))["render"]()
    assert page == generated, "run: python docs/generate_audit.py > docs/reference/audit.md"


def test_names_of_the_hosted_service_are_the_same() -> None:
    assert set(OF_THE_HOSTED_SERVICE) <= {action.value for action in Action}


def test_every_action_has_a_name_a_place_and_words() -> None:
    for action in Action:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", action.value)
        assert action.label[0].isupper()
        assert len(action.value) <= 60
    assert sorted(one for category in Category for one in actions_in(category)) == sorted(Action)
    assert all(category.label for category in Category)
