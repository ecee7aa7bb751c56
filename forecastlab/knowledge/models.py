"""The corpus: documents, their text, and the chunks that are searched and cited."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from forecastlab.jobs.models import Job
from forecastlab.knowledge.domain import chunks
from forecastlab.knowledge.domain.statuses import DocumentStatus


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Any) -> Self:
        """Keep what `user` may read: their own, what names no readers, what names their group."""
        if not user.is_authenticated:
            return self.none()
        readers = Document.readers.through.objects.filter(document=OuterRef("pk"))
        invited = readers.filter(group__in=user.groups.all())
        return self.filter(Q(added_by=user.pk) | ~Exists(readers) | Exists(invited))

    def called(self, text: str) -> Self:
        return self.filter(Q(title__icontains=text) | Q(path__icontains=text)) if text else self


class Document(models.Model):
    """A text that answers are cited from; its original bytes lie in the artefact store."""

    Status = DocumentStatus

    class Source(models.TextChoices):
        DOCS = "docs"  # comes with the program, and changes with it
        UPLOAD = "upload"  # added by somebody
        FOLDER = "folder"  # a file of a folder that a command indexes again and again

    # What names it to the outside and in citations, for good.
    key = models.SlugField(max_length=120, unique=True)
    title = models.CharField(max_length=200)
    source = models.CharField(max_length=10, choices=Source.choices)
    # Where it stands below the root of the program or of its folder; the name of an uploaded file.
    path = models.CharField(max_length=500)
    # The folder on this machine that it was found in; empty for what is in none.
    folder = models.TextField(blank=True)
    media_type = models.CharField(max_length=40)
    # SHA-256 of the original bytes, under which the artefact store keeps them; and how many.
    content_sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    readers = models.ManyToManyField(Group, blank=True, related_name="+")
    # None: the program itself.
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    added_at = models.DateTimeField()
    status = models.CharField(
        max_length=10,
        choices=[(one.value, one.value) for one in DocumentStatus],
        default=DocumentStatus.QUEUED.value,
    )
    # The job that indexes it, or did last; and why it could not, as {code, title, detail}.
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    error = models.JSONField(default=dict)
    # When its chunks were made or last found unchanged, of what (`domain.chunks.recipe`), and how
    # that went: {outcome, passages, kept, new, gone, title}.
    indexed_at = models.DateTimeField(null=True)
    indexed_sha256 = models.CharField(max_length=64, blank=True)
    report = models.JSONField(default=dict)

    objects = models.Manager.from_queryset(DocumentQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "path"],
                condition=~Q(source="upload"),
                name="document_one_per_path",
            ),
        ]
        indexes = [
            models.Index(fields=["content_sha256"], name="document_content"),
            models.Index(fields=["status"], name="document_status"),
        ]

    def __str__(self) -> str:
        return self.key

    def get_absolute_url(self) -> str:
        return reverse("knowledge:document", args=[self.key])

    @property
    def stream(self) -> str:
        return f"document.{self.pk}"


_M = TypeVar("_M", bound=models.Model)


class OfDocumentQuerySet(models.QuerySet[_M]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(document__in=Document.objects.visible_to(user))


class DocumentTextQuerySet(OfDocumentQuerySet["DocumentText"]):
    pass


class ChunkQuerySet(OfDocumentQuerySet["Chunk"]):
    pass


class DocumentText(models.Model):
    """The text that was read out of a document: its lines are what citations count, from 1."""

    document = models.OneToOneField(
        Document, on_delete=models.CASCADE, primary_key=True, related_name="text"
    )
    text = models.TextField()
    lines = models.PositiveIntegerField()
    # The first line of each page, for PDF; empty for what has no pages.
    pages = models.JSONField(default=list)

    objects = models.Manager.from_queryset(DocumentTextQuerySet)()

    def __str__(self) -> str:
        return f"text of document {self.document_id}"


class Chunk(models.Model):
    """A passage of a document. One whose words stay the same keeps its row over re-indexing."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    # Its number in the document, from 0.
    position = models.PositiveIntegerField()
    # The headings above it, the outermost first, joined by " > ".
    heading_path = models.CharField(max_length=500, blank=True)
    text = models.TextField()
    # Both counted from 1 in the text of the document, both included.
    first_line = models.PositiveIntegerField()
    last_line = models.PositiveIntegerField()
    # The page of a PDF on which it begins, from 1.
    page = models.PositiveIntegerField(null=True)
    # Estimated, about as models count them.
    tokens = models.PositiveIntegerField()
    # SHA-256 of heading path and text: what vectors of it depend on.
    content_sha256 = models.CharField(max_length=64)
    # Kept by PostgreSQL itself: headings weigh A, the text B.
    search = models.GeneratedField(
        expression=SearchVector("heading_path", weight="A", config="english")
        + SearchVector("text", weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = models.Manager.from_queryset(ChunkQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document", "position"],
                name="chunk_one_per_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(first_line__gte=1) & Q(last_line__gte=models.F("first_line")),
                name="chunk_lines_in_order",
            ),
        ]
        indexes = [GinIndex(fields=["search"], name="chunk_search")]

    def __str__(self) -> str:
        return f"chunk {self.position} of document {self.document_id}"

    def get_absolute_url(self) -> str:
        return self.document.get_absolute_url() + self.anchor

    @property
    def anchor(self) -> str:
        """What of an address opens the document at this passage, its lines marked."""
        return chunks.anchor(self.first_line, self.last_line)

    @property
    def citation_url(self) -> str:
        """The address of this passage wherever in its document it will stand later."""
        anchor = chunks.anchor(self.first_line, self.last_line, cited=self.content_sha256)
        return self.document.get_absolute_url() + anchor


class CitationQuerySet(models.QuerySet["Citation"]):
    def visible_to(self, user: Any) -> Self:
        """Keep those of documents that `user` may read; of a deleted one nobody reads any."""
        return self.filter(document__in=Document.objects.visible_to(user))


class Citation(models.Model):
    """Where a passage was used. It outlives the passage: what it said then is kept as a hash."""

    # None once the document is deleted; its key stays.
    document = models.ForeignKey(
        Document, on_delete=models.SET_NULL, null=True, related_name="citations"
    )
    document_key = models.SlugField(max_length=120)
    # A chunk by its content, not its row: it may have moved or gone since.
    chunk_sha256 = models.CharField(max_length=64)
    first_line = models.PositiveIntegerField()
    last_line = models.PositiveIntegerField()
    # What used it, as a kind and a reference, such as "run" and "12"; and who asked.
    used_kind = models.CharField(max_length=40)
    used_ref = models.CharField(max_length=100)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    used_at = models.DateTimeField()

    objects = models.Manager.from_queryset(CitationQuerySet)()

    class Meta:
        indexes = [models.Index(fields=["used_kind", "used_ref"], name="citation_use")]

    def __str__(self) -> str:
        return f"citation of {self.document_key} in {self.used_kind} {self.used_ref}"


class VectorSpaceQuerySet(models.QuerySet["VectorSpace"]):
    def fitted(self) -> Self:
        return self.filter(provider="")

    def of_provider(self, provider: str, model: str) -> Self:
        return self.filter(provider=provider, model=model)

    def newest_first(self) -> Self:
        """Order by when vectors came last: a provider may go back to an earlier dimension."""
        return self.order_by("-made_at", "-pk")


class VectorSpace(models.Model):
    """What makes vectors comparable: a fit on the corpus, or a provider's model and dimension."""

    # Empty: fitted here.
    provider = models.CharField(max_length=20, blank=True)
    # The provider's name of the model; of a fit its recipe.
    model = models.CharField(max_length=100)
    dimension = models.PositiveIntegerField()
    # Of a fit: the digest of the passages it was made on, and of what it learnt in the store.
    corpus_sha256 = models.CharField(max_length=64, blank=True)
    artefact = models.CharField(max_length=64, blank=True)
    # Of a fit: how many passages it was made on, and how many were laid into it since.
    passages = models.PositiveIntegerField(default=0)
    folded = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()

    objects = models.Manager.from_queryset(VectorSpaceQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "model", "dimension", "corpus_sha256"],
                name="vector_space_unique",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return what the ranking is called that uses these vectors."""
        return f"{self.provider}:{self.model}" if self.provider else "tfidf-svd"


class ChunkVectorQuerySet(OfDocumentQuerySet["ChunkVector"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(chunk__document__in=Document.objects.visible_to(user))


class ChunkVector(models.Model):
    """Where a passage lies in one space. Another provider or dimension is a row beside it."""

    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="vectors")
    space = models.ForeignKey(VectorSpace, on_delete=models.CASCADE, related_name="vectors")
    # The passage's own hash when the vector was made: of changed words it says nothing.
    content_sha256 = models.CharField(max_length=64)
    values = ArrayField(models.FloatField())

    objects = models.Manager.from_queryset(ChunkVectorQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["space", "chunk"], name="chunk_vector_unique"),
        ]

    def __str__(self) -> str:
        return f"vector of chunk {self.chunk_id} in space {self.space_id}"
