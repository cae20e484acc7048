"""Files a user asked for: new ones in one folder, none that was there is touched."""

import asyncio
import os
import re
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from ttai.errors import TtaiError
from ttai.quant.texts import brief

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,120}\.[a-z0-9]{1,10}")


class NoExport(TtaiError):
    """A file that can't be written where exports go."""

    code = "DATABASE"

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"nothing can be written to {folder} ({why})", "Make room there, or give ttai the right to it")


class Exports:
    """The folder `exports` of the data dir."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def write(self, name: str, data: bytes) -> Path:
        """A new file of the user's alone, whole or not at all; where the name is taken it gets a number.

        A draft that a crash leaves behind is hidden, and no file of that name.

        `name` is a plain one with its ending (`trades-2026.csv`): ValueError for anything else, so that no path can be
        said. NoExport where the disk refuses.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{brief(name)} is no name of a file, such as trades-2026.csv")
        try:
            return await asyncio.to_thread(self._write, name, data)
        except OSError as error:
            raise NoExport(self.folder, error.strerror or type(error).__name__) from error

    def _write(self, name: str, data: bytes) -> Path:
        self._prepare()
        handle, draft = mkstemp(dir=self.folder, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return self._named(Path(draft), name)
        finally:
            with suppress(OSError):
                Path(draft).unlink()

    def _prepare(self) -> None:
        """The folder, of the user's alone; one that leads elsewhere is none."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.is_symlink():
            raise NoExport(self.folder, "it is a symlink")
        self.folder.chmod(0o700)

    def _named(self, draft: Path, name: str) -> Path:
        """The finished draft under the first name that nobody has taken."""
        stem, _, ending = name.rpartition(".")
        path, number = self.folder / name, 1
        while True:
            try:
                _take(draft, path)
            except FileExistsError:
                number += 1
                path = self.folder / f"{stem}-{number}.{ending}"
            else:
                return path


def _take(draft: Path, path: Path) -> None:
    """Give a whole file a name that is free; FileExistsError where it is not."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without links: the name is claimed, then the file put in its place
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            draft.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
