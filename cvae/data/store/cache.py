"""The folder of packed stores: finding the one for a content, or writing it exactly once.

CACHE/<fingerprint>/         a complete store; it appears by renaming, so it is never half there
CACHE/<fingerprint>.lock     held by the process that packs; others wait for it
CACHE/digests/<manifest>     content digest of a set of files, so that it is not computed at each start
CACHE/digests/<fingerprint>.checked   files of a store that were found to hold what was packed
"""

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cvae.data.sources import Source, text_digest
from cvae.data.store.integrity import sync_folder
from cvae.data.store.writer import FORMAT_VERSION, write_store
from cvae.errors import InputError, NoLocks
from cvae.files import held, write_atomically


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
                _pack(source, image_size, folder)
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


def _pack(source: Source, image_size: int, folder: Path) -> None:
    """Write beside the folder, then rename: a store is either complete or not there."""
    temporary = Path(tempfile.mkdtemp(prefix=f"{folder.name}.tmp-", dir=folder.parent))
    try:
        manifest = source.manifest()
        write_store(source, image_size, temporary, folder.name)
        if source.manifest() != manifest:
            raise InputError("the data files changed while they were packed; start again when they are complete")
        temporary.chmod(0o755)  # mkdtemp's folders are private; a cache may be shared
        _publish(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _publish(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
        sync_folder(folder.parent)
    except OSError:
        # Without locks two processes may pack at once: whoever renames first wins, both have the same content.
        if not is_complete(folder):
            raise


def _remove_abandoned(cache: Path, folder: Path) -> None:
    """Remove what killed packers left, of this store and of others. A folder's owner holds its store's lock."""
    if not is_complete(folder):
        shutil.rmtree(folder, ignore_errors=True)  # somebody deleted half of it: renaming would be refused
    for leftover in cache.glob("*.tmp-*"):
        owner = leftover.name.partition(".tmp-")[0]
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
        raise InputError(
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
