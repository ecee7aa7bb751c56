"""Whether a bundle is what it says: its sums, its list of files, its version and its signature.

Files are gone through in pieces, so a bundle of any size takes the same memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from showcase.domain import bundle_reading, bundles, signatures, strict_json
from showcase.domain.bundle_members import BundleRefused, Layout, said
from showcase.domain.workspaces import CONFIG_SCHEMA_VERSION

# What is read into memory at once: bytes of a file.
LARGEST = {
    bundles.MANIFEST: 8 << 20,
    bundles.CONFIG: 1 << 20,
    bundles.STEPS: 16 << 20,
    bundles.METRICS: 16 << 20,
    bundles.CHECKSUMS: 1 << 20,
    bundles.SIGNATURE: 1 << 10,
}
# Called with the part that is done, and the file that is looked at.
Report = Callable[[float, str], None]


def unheard(part: float, file: str) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong beside single files."""

    code: str
    message: str
    entry: str = ""


@dataclass(slots=True)
class Verdict:
    """What was found; `schema` is the version of the format, None where it cannot be read."""

    workspace: str = ""
    schema: int | None = None
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_signed: bool = False
    key_id: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    files: int = 0
    size: int = 0

    @property
    def valid(self) -> bool:
        found = (self.missing, self.changed, self.extra, self.problems)
        return self.is_signed and not any(found)

    def note(self, error: BundleRefused) -> None:
        self.problems.append(Problem(error.code, error.detail, error.entry))

    def first_reason(self) -> Problem | None:
        """Return why the bundle is not to be believed, None where it is."""
        lists = (
            ("file_missing", self.missing, "is missing"),
            ("file_changed", self.changed, "is not what it was: its SHA-256 differs"),
            ("file_extra", self.extra, f"is not named in {bundles.CHECKSUMS}"),
        )
        found = [
            Problem(code, f"The file {said(path)} {what}.", path)
            for code, paths, what in lists
            for path in paths
        ]
        return next(iter([*self.problems, *found]), None)

    def refuse(self) -> None:
        """Raise BundleRefused with the first reason, if there is one."""
        if why := self.first_reason():
            raise BundleRefused(why.code, why.message, entry=why.entry)


def judge(stream: IO[bytes], report: Report = unheard) -> Verdict:
    """Go through a bundle and say what is wrong with it; raises NotABundle for what is no zip."""
    verdict = Verdict()
    try:
        layout = bundle_reading.opened(stream)
    except BundleRefused as error:
        verdict.note(error)
        if error.entry:
            verdict.changed.append(error.entry)
        return verdict
    verdict.workspace, verdict.files, verdict.size = (
        layout.workspace,
        len(layout.files),
        layout.size,
    )
    sums = _sums(layout, report)
    _compare(verdict, layout, sums)
    _look_at_manifest(verdict, layout)
    return verdict


def read(layout: Layout, path: str) -> bytes:
    """Return a whole file of those that are small enough; raises BundleRefused."""
    return layout.read(path, most=LARGEST[path])


def read_json(layout: Layout, path: str) -> Any:
    """Return what a file says; raises BundleRefused."""
    return strict_json.loads(read(layout, path), path)


# -- judging -------------------------------------------------------------------------------------


def _sums(layout: Layout, report: Report) -> dict[str, str]:
    """Return the SHA-256 of every file, "" for a damaged one."""
    found: dict[str, str] = {}
    done, whole = 0, max(1, layout.size)
    for path in layout.files:
        hasher = hashlib.sha256()
        try:
            for piece in layout.pieces(path):
                hasher.update(piece)
                done += len(piece)
                report(min(1.0, done / whole), path)
            found[path] = hasher.hexdigest()
        except BundleRefused:
            found[path] = ""
    return found


def _compare(verdict: Verdict, layout: Layout, sums: Mapping[str, str]) -> None:
    """Compare what is there with what `checksums.sha256` says."""
    broken = [path for path, sum_ in sums.items() if not sum_]
    try:
        told = bundles.parsed_checksums(read(layout, bundles.CHECKSUMS))
    except bundles.ChecksumsUnreadable as error:
        verdict.note(BundleRefused(error.code, error.detail, entry=bundles.CHECKSUMS))
        told = dict.fromkeys(sums, "")
        verdict.changed = sorted({*broken, bundles.CHECKSUMS})
    except BundleRefused:
        told = {}
        verdict.changed = sorted(broken)
    else:
        summed = {path: one for path, one in sums.items() if path not in bundles.UNSUMMED}
        wrong = [path for path, one in summed.items() if path in told and told[path] != one]
        verdict.changed = sorted({*wrong, *broken})
        verdict.extra = sorted(set(summed) - set(told))
    verdict.missing = sorted({*told, *bundles.ALWAYS} - set(sums))


def _look_at_manifest(verdict: Verdict, layout: Layout) -> None:
    try:
        manifest = read_json(layout, bundles.MANIFEST)
        if not isinstance(manifest, dict):
            raise _wrong("manifest_types", "is not an object")
        verdict.schema = _version(manifest)
        verdict.manifest = manifest
        _check_folder(manifest, layout)
        _check_signature(verdict, layout)
        _check_files(manifest, layout)
    except BundleRefused as error:
        if error.entry not in (*verdict.missing, *verdict.changed, *verdict.extra):
            verdict.note(error)


def _wrong(code: str, what: str) -> BundleRefused:
    return BundleRefused(code, f"{bundles.MANIFEST} {what}.", entry=bundles.MANIFEST)


def _version(manifest: Mapping[str, Any]) -> int:
    version = manifest.get("bundle_format_version")
    if type(version) is not int or version < 1:
        raise _wrong("manifest_types", "names no version of the format")
    if version > bundles.FORMAT_VERSION:
        message = f"is of format {version}; this installation reads up to {bundles.FORMAT_VERSION}"
        raise _wrong("bundle_newer", message)
    workspace = manifest.get("workspace")
    if not isinstance(workspace, dict):
        raise _wrong("manifest_types", "describes no workspace")
    schema = workspace.get("config_schema_version")
    if type(schema) is not int or schema < 1:
        raise _wrong("manifest_types", "names no version of the workspace's schema")
    if schema > CONFIG_SCHEMA_VERSION:
        message = f"is of schema {schema}; this installation reads up to {CONFIG_SCHEMA_VERSION}"
        raise _wrong("workspace_newer", message)
    return version


def _check_files(manifest: Mapping[str, Any], layout: Layout) -> None:
    """Compare the list of files in the manifest with what is there."""
    try:
        sizes = {str(one["path"]): one["size"] for one in manifest["files"]}
    except (TypeError, KeyError) as error:
        raise _wrong("manifest_types", "lists no files") from error
    unlisted = {*bundles.UNSUMMED, bundles.MANIFEST}
    there = {path: one.size for path, one in layout.files.items() if path not in unlisted}
    for path in sorted({*sizes, *there}):
        if sizes.get(path) != there.get(path):
            message = f"The file {said(path)} is not as {bundles.MANIFEST} lists it."
            raise BundleRefused("manifest_files", message, entry=path)


def _check_folder(manifest: Mapping[str, Any], layout: Layout) -> None:
    name = manifest["workspace"].get("name")
    if name != layout.workspace:
        raise _wrong(
            "manifest_workspace", f"is not about '{layout.workspace}', the folder that it is in"
        )


def _check_signature(verdict: Verdict, layout: Layout) -> None:
    signing = verdict.manifest.get("signing")
    public = signing.get("public_key") if isinstance(signing, dict) else None
    if not isinstance(public, str):
        raise _wrong("manifest_types", "names no key of its signature")
    content = read(layout, bundles.CHECKSUMS)
    signature = read(layout, bundles.SIGNATURE)
    try:
        verdict.key_id = signatures.key_id(public)
        verdict.is_signed = signatures.is_signed(content, signature, public=public)
    except (signatures.KeyUnusable, ValueError) as error:
        raise _wrong("manifest_types", "names a key that is none") from error
    if not verdict.is_signed:
        raise BundleRefused(
            "signature_wrong",
            f"The signature does not fit {bundles.CHECKSUMS} and the key in {bundles.MANIFEST}.",
            entry=bundles.SIGNATURE,
        )
