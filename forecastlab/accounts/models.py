from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, Group, UserManager
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from forecastlab.accounts.domain.roles import Role

UNUSABLE = "!"  # how Django begins a password that never matches


class PersonManager(UserManager["User"]):
    """Django's own manager sets the flags that our roles replace."""

    use_in_migrations = False

    def people(self) -> models.QuerySet[User]:
        return self.filter(kind=User.Kind.PERSON)

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        user: User = self.model(
            username=self.model.normalize_username(username),
            email=self.normalize_email(email),
            **fields,
        )
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        """Create a person in the role admin: what `manage.py createsuperuser` calls."""
        user = self.create_user(username, email, password, **fields)
        user.groups.add(Group.objects.get_or_create(name=Role.ADMIN.value)[0])
        return user


class User(AbstractUser):
    """Every actor. People sign in; the other kinds never do, and hold no deciding role.

    Roles are groups, and the only source of power: the flags `is_superuser` and the permissions
    of Django's own admin are not asked. `is_active` means "may sign in".
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        AGENT = "agent"
        POLICY = "policy"
        CLOCK = "clock"
        SERVICE = "service"

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    session_round = models.PositiveIntegerField(default=0)

    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="user_service_cannot_sign_in",
                condition=Q(kind="person") | Q(is_active=False, password__startswith=UNUSABLE),
                violation_error_message="Only a person may sign in or have a password.",
            ),
        ]

    @cached_property
    def roles(self) -> frozenset[str]:
        """The names of this user's groups that are roles; one query per loaded user."""
        names = set(self.groups.values_list("name", flat=True))
        return frozenset(role.value for role in Role if role.value in names)

    @property
    def can_act(self) -> bool:
        return self.is_active and self.kind == self.Kind.PERSON

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Bind sessions to password and round, so that a new round ends all of them."""
        bound = f"{self.session_round}:{self.password}"
        return salted_hmac(
            "forecastlab.session", bound, secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def is_staff(self) -> bool:  # type: ignore[override]
        """Django's admin opens for the role admin, whatever else was stored."""
        return self.can_act and Role.ADMIN.value in self.roles


class Profile(models.Model):
    """How one person wants the pages."""

    class Theme(models.TextChoices):
        AUTO = "auto"
        LIGHT = "light"
        DARK = "dark"

    user = models.OneToOneField(User, on_delete=models.CASCADE)
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.AUTO)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    has_shortcuts = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"profile of user {self.user_id}"


class TokenQuerySet(models.QuerySet["Token"]):
    def usable(self, at: datetime) -> TokenQuerySet:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=at))

    def visible_to(self, user: User) -> TokenQuerySet:
        return self.filter(user=user)


class Token(models.Model):
    """A secret for the API that acts as its person; only its digest is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    start = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="token_name_once_per_user",
                fields=["user", "name"],
                condition=Q(revoked_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> SavedViewQuerySet:
        return self.filter(user=user)


class SavedView(models.Model):
    """What one person asks a list for, kept by name: filters and order, as its address has them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=100)  # the name of the list's address
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, default="")

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="savedview_name_once_per_page", fields=["user", "page", "name"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.page}"


class IdempotencyKey(models.Model):
    """The stored answer to one POST, given again when the same request comes again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=200)
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=500)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, default="")
    response = models.BinaryField(default=b"")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="idempotency_key_once_per_user", fields=["user", "key"]),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"


class SignInLink(models.Model):
    """A one-time way in for the embedded default; only its digest is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link for user {self.user_id} until {self.expires_at:%Y-%m-%d %H:%M}"


class SignInTries(models.Model):
    """How often sign-in was tried without success, per digest of user name and address."""

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveSmallIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "sign-in tries"

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.count}"
