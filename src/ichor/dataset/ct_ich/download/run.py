"""A download: which files are present, which are missing, and fetching these in a few threads."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from ichor.dataset.ct_ich.download.archive import MAX_BYTES, unpacked
from ichor.dataset.ct_ich.download.fetch import Fetcher, Stopped, Wrong
from ichor.dataset.ct_ich.download.listing import Listed, release
from ichor.dataset.ct_ich.download.web import Broken, Patience, Refused
from ichor.errors import IchorError, OutputFailed, UnreadableInput
from ichor.locks import Busy, one_at_a_time

OFFICIAL = "https://physionet.org/files/ct-ich/1.0.0/"
CONNECTIONS = 4  # browsers use up to 6
PARTIAL = ".ichor-download"  # the folder for incomplete files
MAX_FAILED = 10  # then the download stops, since the problem is not limited to single files
_LEAVING_S = 2  # maximum time to wait for threads, which may be blocked connecting to an unresponsive server
_ZIP_TYPES = ("application/zip", "application/x-zip-compressed")


@dataclass(frozen=True)
class Step:
    """A progress event: bytes were received, a file is complete, or it failed, for `reason`."""

    n_bytes: int = 0
    file: str = ""
    reason: str = ""


class Download:
    """Download of the release into a folder, from the address of its files or of a zip archive of them.

    Attributes:
        missing: the files that are missing or wrong.
        n_files: the total number of files.

    Raises IchorError if the address is invalid, OutputFailed if the folder is not writable or has too little space.
    """

    def __init__(
        self,
        out: Path,
        url: str = OFFICIAL,
        files: Iterable[Listed] | None = None,
        patience: Patience | None = None,
    ) -> None:
        _require_address(url)
        self._out, self._url = out, url
        self._partial = out / PARTIAL
        self._patience = patience or Patience()
        self._stop = threading.Event()
        self._steps: queue.SimpleQueue[Step | BaseException | None] = queue.SimpleQueue()
        wanted = release() if files is None else tuple(files)
        try:
            self._partial.mkdir(parents=True, exist_ok=True)
            self.missing = tuple(one for one in wanted if not _is_right(out / one.path, one))
            free = shutil.disk_usage(out).free
        except OSError as error:
            raise OutputFailed.of(out, error) from error
        self.n_files = len(wanted)
        self.n_bytes = sum(one.size for one in self.missing)
        if free < self.n_bytes:
            raise OutputFailed(f"{out}: expected {_mb(self.n_bytes)} of free space, found {_mb(free)}")

    def run(self) -> Iterator[Step]:
        """Download the missing files, yielding each step. If interrupted or closed, complete files remain, and it can
        be resumed.

        Raises IchorError if the server cannot be reached, OutputFailed for errors of the disk.
        """
        try:
            with one_at_a_time(self._partial, wait=False):
                yield from self._run()
        except Busy as error:
            raise IchorError(f"{self._out}: expected no other download into it, found one in progress") from error

    def _run(self) -> Iterator[Step]:
        if self.missing:
            fetchers = [Fetcher(self._patience, self._stop, self._moved) for _ in range(CONNECTIONS)]
            work = threading.Thread(target=self._work, args=(fetchers,), daemon=True)
            work.start()
            try:
                while (step := self._steps.get()) is not None:
                    if isinstance(step, BaseException):
                        raise self._user_error(step) from step
                    yield step
            finally:
                self._stop.set()
                for one in fetchers:
                    one.connection.interrupt()
                work.join(_LEAVING_S)
        if all(map(self._is_here, self.missing)):
            shutil.rmtree(self._partial, ignore_errors=True)

    def _work(self, fetchers: list[Fetcher]) -> None:
        try:
            if self._is_zip(fetchers[0]):
                self._from_archive(fetchers[0])
            else:
                self._from_folder(fetchers)
        except Stopped:
            pass
        except BaseException as error:  # raised in the calling thread
            self._steps.put(error)
        finally:
            for one in fetchers:
                one.connection.close()
            self._steps.put(None)

    def _from_folder(self, fetchers: list[Fetcher]) -> None:
        left = queue.SimpleQueue[Listed]()
        for listed in self.missing:
            left.put(listed)
        failed: list[Listed] = []

        def work(fetcher: Fetcher) -> None:
            with suppress(queue.Empty, Stopped):
                while len(failed) < MAX_FAILED:
                    listed = left.get_nowait()
                    try:
                        self._fetch_one(fetcher, listed)
                    except (Wrong, Refused, Broken) as error:
                        if isinstance(error, Broken) and not error.answered:
                            raise
                        failed.append(listed)
                        reason = str(error) if isinstance(error, Wrong) else f"expected the file, found {error}"
                        self._steps.put(Step(file=listed.path, reason=reason))

        def guarded(fetcher: Fetcher) -> None:
            try:
                work(fetcher)
            except BaseException as error:
                self._stop.set()
                self._steps.put(error)

        threads = [threading.Thread(target=guarded, args=(one,), daemon=True) for one in fetchers]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    def _fetch_one(self, fetcher: Fetcher, listed: Listed) -> None:
        partial = self._partial / listed.path.replace("/", "_")
        fetcher.fetch_listed(self._url.rstrip("/") + "/" + quote(listed.path), listed, partial)
        self._keep(listed, partial)

    def _keep(self, listed: Listed, partial: Path) -> None:
        final = self._out / listed.path
        final.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(final)
        self._steps.put(Step(file=listed.path))

    def _from_archive(self, fetcher: Fetcher) -> None:
        """Extract the files from the archive, which is downloaded once more if something in it is wrong."""
        archive, member = self._partial / "archive.zip", self._partial / "member"
        wrong = dict.fromkeys(self.missing, "")
        for last in (False, True):
            fetcher.fetch(self._url, archive, most=MAX_BYTES, anew=last)
            try:
                for listed, reason in unpacked(archive, wrong, member):
                    if self._stop.is_set():
                        raise Stopped
                    wrong[listed] = reason
                    if not reason:
                        self._keep(listed, member)
            except UnreadableInput:
                if last:
                    archive.unlink()
                    raise
            archive.unlink()
            wrong = {listed: reason for listed, reason in wrong.items() if reason or not self._is_here(listed)}
            if not wrong:
                return
        for listed, reason in wrong.items():
            self._steps.put(Step(file=listed.path, reason=reason))

    def _is_here(self, listed: Listed) -> bool:
        return _is_right(self._out / listed.path, listed)

    def _is_zip(self, fetcher: Fetcher) -> bool:
        """Whether the address is a single archive: by its name, otherwise by the content type."""
        if self._url == OFFICIAL or urlsplit(self._url).path.endswith("/"):
            return False
        if urlsplit(self._url).path.lower().endswith(".zip"):
            return True
        try:
            response = fetcher.connection.get(self._url, {})
        except (Refused, Broken):
            return False
        fetcher.connection.close()
        return response.getheader("Content-Type", "").split(";")[0].strip() in _ZIP_TYPES

    def _moved(self, n_bytes: int) -> None:
        self._steps.put(Step(n_bytes=n_bytes))

    def _user_error(self, error: BaseException) -> BaseException:
        """The error to report to the user for one that occurred in a thread."""
        if isinstance(error, OSError):
            return OutputFailed.of(self._out, error)
        if isinstance(error, UnreadableInput):
            return UnreadableInput(f"{self._url}: {error}")
        if isinstance(error, Broken | Refused):
            return IchorError(f"{self._url}: expected a response from the server, found {error}")
        return error


def _is_right(file: Path, listed: Listed) -> bool:
    return file.is_file() and not listed.difference(file)


def _require_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        fits = False
    if not fits or any(not one.isprintable() or one.isspace() for one in url):
        raise IchorError(f"--url: expected an address such as {OFFICIAL}, found {url!r}")


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"
