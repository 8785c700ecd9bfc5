"""What people write about alerts."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.accounts.selectors import name_of
from litesoc_server.alerts.models import Alert, AlertComment
from litesoc_server.pipeline.normalise.text import clean_text

TEXT_LENGTH_MAX = 10_000  # characters
COMMENTS_MAX = 1_000  # of one alert, with those that were deleted
RESTORED_WITHIN = timedelta(minutes=15)  # after it was deleted; then its text is taken away


class CommentRefused(Exception):
    """The comment cannot be taken or changed; the text is for people."""


def add_comment(alert: Alert, text: str, *, author: User) -> AlertComment:
    """Write something about ``alert``. Raises CommentRefused."""
    cleaned = _cleaned(text)
    with transaction.atomic():
        Alert.objects.select_for_update().only("pk").get(pk=alert.pk)  # so that two at once cannot both be the last
        if AlertComment.objects.filter(alert=alert).count() >= COMMENTS_MAX:
            text = f"there are {COMMENTS_MAX:,} comments on this alert, the most that there may be"
            raise CommentRefused(text)
        comment = AlertComment.objects.create(alert=alert, author=author, by=name_of(author), text=cleaned)
        Alert.objects.filter(pk=alert.pk).update(comments_count=F("comments_count") + 1)
    return comment


def edit_comment(comment: AlertComment, text: str, *, author: User) -> AlertComment:
    """Change the text of one's own comment. Raises CommentRefused."""
    cleaned = _cleaned(text)
    _require_own(comment, author)
    standing = AlertComment.objects.filter(pk=comment.pk, deleted_at__isnull=True)
    if cleaned != comment.text and standing.update(text=cleaned, edited_at=timezone.now()) == 0:
        raise CommentRefused("this comment was deleted: restore it first")
    comment.refresh_from_db()
    return comment


def delete_comment(comment: AlertComment, *, author: User) -> None:
    """Delete one's own comment; for RESTORED_WITHIN it can be restored. Deleting twice is as good as once.

    Raises CommentRefused.
    """
    _require_own(comment, author)
    now = timezone.now()
    with transaction.atomic():
        if AlertComment.objects.filter(pk=comment.pk, deleted_at__isnull=True).update(deleted_at=now) == 1:
            Alert.objects.filter(pk=comment.alert_id).update(comments_count=F("comments_count") - 1)
        # Whoever deletes something takes the texts away whose time is over, so none waits longer than the next deletion.
        AlertComment.objects.filter(deleted_at__lt=now - RESTORED_WITHIN).exclude(text="").update(text="")


def restore_comment(comment: AlertComment, *, author: User) -> AlertComment:
    """Take back the deletion of one's own comment. Raises CommentRefused when its time is over."""
    _require_own(comment, author)
    with transaction.atomic():
        restorable = AlertComment.objects.filter(pk=comment.pk, deleted_at__gte=timezone.now() - RESTORED_WITHIN)
        if restorable.update(deleted_at=None) == 1:
            Alert.objects.filter(pk=comment.alert_id).update(comments_count=F("comments_count") + 1)
    comment.refresh_from_db()
    if comment.deleted_at is not None:
        minutes = RESTORED_WITHIN // timedelta(minutes=1)
        text = f"this comment was deleted more than {minutes} minutes ago and cannot be restored"
        raise CommentRefused(text)
    return comment


def get_comment(alert: Alert, comment_id: str) -> AlertComment:
    """Return one comment on ``alert``. Raises AlertComment.DoesNotExist."""
    try:
        return AlertComment.objects.get(alert=alert, id=uuid.UUID(comment_id))
    except ValueError as error:
        raise AlertComment.DoesNotExist("not an id") from error


def _require_own(comment: AlertComment, author: User) -> None:
    if comment.author_id != author.pk:
        raise CommentRefused("only its author can change a comment")


def _cleaned(text: str) -> str:
    cleaned = clean_text(text.replace("\r\n", "\n").strip())
    if not cleaned:
        raise CommentRefused("write something first")
    if len(cleaned) > TEXT_LENGTH_MAX:
        text = f"a comment has at most {TEXT_LENGTH_MAX:,} characters; this one has {len(cleaned):,}"
        raise CommentRefused(text)
    return cleaned
