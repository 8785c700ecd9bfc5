"""Rows that are added and read, and never changed."""

from typing import Any, NoReturn, TypeVar

from django.db import models

_Row = TypeVar("_Row", bound=models.Model)


class AppendOnly(Exception):
    """Something tried to change or delete what is recorded."""


class AppendOnlyQuerySet(models.QuerySet[_Row]):
    """Rows that are added and read, nothing else."""

    def update(self, **_changes: Any) -> NoReturn:  # noqa: ANN401 # Django's own signature
        """Refuse."""
        raise AppendOnly("what is recorded is never changed")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise AppendOnly("what is recorded is only dropped where the chain accounts for it")


class AppendOnlyManager(models.Manager[_Row]):
    """Rows that are added and read, nothing else."""

    def get_queryset(self) -> AppendOnlyQuerySet[_Row]:
        """Return all of them."""
        return AppendOnlyQuerySet(self.model, using=self._db)


def drop(rows: models.QuerySet[Any]) -> int:
    """Delete ``rows``, and return how many. For retention, erasure and the end of an organisation, which say so."""
    dropped: int = rows._raw_delete(rows.db)  # noqa: SLF001 # the way around the refusal above
    return dropped


class AppendOnlyModel(models.Model):
    """A row that is never changed."""

    class Meta:
        """Not a table."""

        abstract = True

    def save(self, **options: Any) -> None:  # noqa: ANN401 # Django's own options, by name only
        """Add the row. Raises AppendOnly for one that is there already."""
        if not self._state.adding:
            raise AppendOnly("what is recorded is never changed")
        super().save(**{**options, "force_insert": True})

    def delete(self, *_arguments: Any, **_options: Any) -> NoReturn:  # noqa: ANN401 # Django's own signature
        """Refuse."""
        raise AppendOnly("what is recorded is only dropped where the chain accounts for it")
