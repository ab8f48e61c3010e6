"""The folder of packed stores: finding the one for a content, or writing it exactly once.

CACHE/<fingerprint>/         a complete store; it appears by renaming, so it is never half there
CACHE/<fingerprint>.partial/ one that is being packed, or was until a kill: the next packer goes on with it
CACHE/<fingerprint>.lock     held by the process that packs; others wait for it
CACHE/digests/<manifest>     content digest of a set of files, so that it is not computed at each start
CACHE/digests/<fingerprint>.checked   files of a store that were found to hold what was packed
"""

import math
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cvae.data.sources import Source, text_digest
from cvae.data.store.store_digests import sync_folder
from cvae.data.store.writer import FORMAT_VERSION, write_store
from cvae.errors import InputError, Misplaced, NoLocks
from cvae.files import held, write_atomically

PARTIAL = ".partial"

MANIFEST = "manifest"  # in a partial store: what the files looked like when it was begun

KEPT_S = 7 * 24 * 3600.0


def packed_folder(source: Source, image_size: int, cache: Path) -> Path:
    """The folder of the complete store for a source's present content, packed now if there is none."""
    fingerprint = text_digest(str(FORMAT_VERSION), str(image_size), _content_digest(source, image_size, cache))
    folder = cache / fingerprint
    if is_complete(folder):
        return folder
    with _writing_to(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache / f"{fingerprint}.lock") as is_held:
            if is_held:
                _remove_abandoned(cache, folder)
            if not is_complete(folder):
                _pack(source, image_size, folder, is_alone=is_held)
    return folder


@contextmanager
def _alone(lock: Path, wait_s: float = math.inf) -> Iterator[bool]:
    """Hold a lock; without locks go on all the same, because whoever packs the same content writes the same bytes."""
    with ExitStack() as stack:
        try:
            is_held = stack.enter_context(held(lock, wait_s))
        except NoLocks:
            is_held = False
        yield is_held


def is_complete(folder: Path) -> bool:
    """Whether a store is there; a store is published by one rename, so its last file stands for all."""
    return (folder / "meta.json").exists()


def _pack(source: Source, image_size: int, folder: Path, *, is_alone: bool) -> None:
    """Write beside the folder, then rename: a store is either complete or not there.

    What is interrupted is left for the next packer, what has a fault is not. Where there are no locks nobody goes on
    with another's work, which might still be under way.
    """
    manifest = source.manifest()
    partial = (
        _partial(folder, manifest)
        if is_alone
        else Path(tempfile.mkdtemp(prefix=f"{folder.name}.tmp-", dir=folder.parent))
    )
    is_kept = is_alone
    try:
        write_store(source, image_size, partial, folder.name)
        if source.manifest() != manifest:
            raise InputError("the data files changed while they were packed; start again when they are complete")
        partial.chmod(0o755)  # mkdtemp's folders are private; a cache may be shared
        _publish(partial, folder)
        (folder / MANIFEST).unlink(missing_ok=True)
    except InputError:
        is_kept = False
        raise
    finally:
        if not is_kept or is_complete(folder):
            shutil.rmtree(partial, ignore_errors=True)


def _own_temporary(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"{folder.name}.tmp-", dir=folder.parent))


def _partial(folder: Path, manifest: str | None) -> Path:
    """The folder of a store that is packed by this process alone: with what an interrupted one left, or empty.

    Files that changed in between and were changed back have the content but perhaps not what was read: the manifest
    must be that of the first packer.
    """
    partial = folder.with_name(f"{folder.name}{PARTIAL}")
    started = partial / MANIFEST
    if partial.exists() and not (started.exists() and started.read_text(encoding="ascii") == str(manifest)):
        shutil.rmtree(partial)
    if not partial.exists():
        partial.mkdir()
        write_atomically(started, str(manifest).encode())
    return partial


def _publish(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
        sync_folder(folder.parent)
    except OSError:
        # Without locks two processes may pack at once: whoever renames first wins, both have the same content.
        if not is_complete(folder):
            raise


def _remove_abandoned(cache: Path, folder: Path) -> None:
    """Remove what killed packers left, of this store and of others. A folder's owner holds its store's lock.

    A partial store stays, to be gone on with: this one's for good, another's for a week.
    """
    if not is_complete(folder):
        shutil.rmtree(folder, ignore_errors=True)  # somebody deleted half of it: renaming would be refused
    stale = time.time() - KEPT_S
    partials = [path for path in cache.glob(f"*{PARTIAL}") if path.stat().st_mtime < stale]
    for leftover in [*cache.glob("*.tmp-*"), *partials]:
        owner = leftover.name.partition(".")[0]
        if leftover == folder.with_name(f"{folder.name}{PARTIAL}"):
            continue
        if owner == folder.name:  # whose lock this process holds
            shutil.rmtree(leftover, ignore_errors=True)
            continue
        with _alone(cache / f"{owner}.lock", wait_s=0.0) as is_held:
            if is_held:
                shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _writing_to(cache: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        path = error.filename or cache
        raise Misplaced(
            f"{cache}: the packed data cannot be written ({error.strerror}: {path}); "
            "free some space or choose a cache folder that can be written"
        ) from error


def _content_digest(source: Source, image_size: int, cache: Path) -> str:
    """The source's digest, remembered by manifest: unchanged files are not read again."""
    manifest = source.manifest()
    if manifest is None:
        return source.digest(image_size)
    remembered = cache / "digests" / text_digest(manifest, str(image_size))
    if remembered.is_file():
        return remembered.read_text(encoding="ascii")
    digest = source.digest(image_size)
    with _writing_to(cache):
        remembered.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(remembered, digest.encode())
    return digest
