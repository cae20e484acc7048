"""Files a user asked for: new ones in one folder, none that was there is touched."""

import asyncio
import os
import re
from pathlib import Path

from ttai.errors import TtaiError
from ttai.files import replace
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
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._claimed(name)
        try:
            replace(path, data)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _claimed(self, name: str) -> Path:
        """An empty file that nobody else can have taken meanwhile."""
        stem, _, ending = name.rpartition(".")
        path, number = self.folder / name, 1
        while True:
            try:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                number += 1
                path = self.folder / f"{stem}-{number}.{ending}"
            else:
                return path
