from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory, UserFactory, make_alert
from litesoc_server.accounts.models import User
from litesoc_server.alerts import comments
from litesoc_server.alerts.comments import (
    CommentRefused,
    add_comment,
    delete_comment,
    edit_comment,
    get_comment,
    restore_comment,
)
from litesoc_server.alerts.models import Alert, AlertComment
from races import race

HOSTILE = "<script>alert(1)</script> \u202eevil\u202c {{ 7*7 }} ' OR 1=1 --"


@pytest.fixture
def alert(db: None) -> Alert:
    return make_alert(OrganizationFactory())


@pytest.fixture
def mira(db: None) -> User:
    return UserFactory(name="Mira")


def count(alert: Alert) -> int:
    alert.refresh_from_db()
    return alert.comments_count


def test_hostile_text_stays_text(alert: Alert, mira: User) -> None:
    comment = add_comment(alert, f"  {HOSTILE}\0\r\nline two ", author=mira)
    assert (comment.by, comment.text) == ("Mira", f"{HOSTILE}\ufffd\nline two")
    assert count(alert) == 1


@pytest.mark.parametrize(("text", "problem"), [("", "write"), (" \n ", "write"), ("x" * 10_001, "10,001")])
def test_a_comment_says_something_short_enough(alert: Alert, mira: User, text: str, problem: str) -> None:
    with pytest.raises(CommentRefused, match=problem):
        add_comment(alert, text, author=mira)
    assert count(alert) == 0


def test_only_the_author_changes_a_comment(alert: Alert, mira: User) -> None:
    comment = add_comment(alert, "first", author=mira)
    changed = edit_comment(comment, "second", author=mira)
    assert (changed.text, changed.edited_at is None) == ("second", False)
    jo = UserFactory()
    changes: list[Callable[[], object]] = [
        lambda: edit_comment(comment, "third", author=jo),
        lambda: delete_comment(comment, author=jo),
        lambda: restore_comment(comment, author=jo),
    ]
    for change in changes:
        with pytest.raises(CommentRefused, match="author"):
            change()
    assert get_comment(alert, str(comment.id)).text == "second"


def test_the_same_text_again_is_no_edit(alert: Alert, mira: User) -> None:
    comment = add_comment(alert, "first", author=mira)
    assert edit_comment(comment, "first", author=mira).edited_at is None


def test_deleting_can_be_taken_back_for_a_while(alert: Alert, mira: User) -> None:
    comment = add_comment(alert, "oops", author=mira)
    delete_comment(comment, author=mira)
    delete_comment(comment, author=mira)
    assert count(alert) == 0
    with pytest.raises(CommentRefused, match="restore"):
        edit_comment(comment, "new", author=mira)
    assert restore_comment(comment, author=mira).text == "oops"
    restore_comment(comment, author=mira)
    assert count(alert) == 1


def test_later_its_text_is_gone_for_good(alert: Alert, mira: User) -> None:
    comment, other = (add_comment(alert, text, author=mira) for text in ("secret", "other"))
    delete_comment(comment, author=mira)
    AlertComment.objects.filter(pk=comment.pk).update(deleted_at=timezone.now() - timedelta(minutes=16))
    with pytest.raises(CommentRefused, match="15 minutes"):
        restore_comment(comment, author=mira)
    delete_comment(other, author=mira)
    assert get_comment(alert, str(comment.id)).text == ""
    assert get_comment(alert, str(other.id)).text == "other"


def test_an_alert_has_only_so_many(alert: Alert, mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments, "COMMENTS_MAX", 2)
    delete_comment(add_comment(alert, "1", author=mira), author=mira)
    add_comment(alert, "2", author=mira)
    with pytest.raises(CommentRefused, match="the most"):
        add_comment(alert, "3", author=mira)


@pytest.mark.django_db(transaction=True)
def test_racing_comments_are_all_counted_up_to_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments, "COMMENTS_MAX", 4)
    alert, mira = make_alert(OrganizationFactory()), UserFactory()
    refused: list[str] = []

    def comment() -> None:
        try:
            add_comment(alert, "at once", author=mira)
        except CommentRefused as problem:
            refused.append(str(problem))

    race([comment] * 6)
    assert (count(alert), AlertComment.objects.count(), len(refused)) == (4, 4, 2)


@pytest.mark.parametrize("comment_id", ["nonsense", "0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01"])
def test_what_does_not_exist_is_not_found(alert: Alert, comment_id: str) -> None:
    with pytest.raises(AlertComment.DoesNotExist):
        get_comment(alert, comment_id)


def test_a_comment_belongs_to_its_alert(alert: Alert, mira: User) -> None:
    comment = add_comment(alert, "here", author=mira)
    with pytest.raises(AlertComment.DoesNotExist):
        get_comment(make_alert(alert.org), str(comment.id))
