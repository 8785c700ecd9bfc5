"""People who sign in, by their e-mail address."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils import timezone

from litesoc_server.accounts.fields import LowerCaseEmailField


class UserManager(BaseUserManager["User"]):
    """Creates people."""

    def create_user(self, *, email: str, password: str | None, name: str = "", is_superuser: bool = False) -> "User":
        """Create one; without a password they cannot sign in with one. A superuser may use the admin pages."""
        user = self.model(email=email.strip().lower(), name=name, is_superuser=is_superuser, is_staff=is_superuser)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What they may do in an organisation is said by their memberships."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = LowerCaseEmailField("e-mail", unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(
        "active", default=True, help_text="Untick instead of deleting: histories keep their names."
    )
    is_staff = models.BooleanField("may use the admin pages", default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ["email"]

    def __str__(self) -> str:
        return self.email
