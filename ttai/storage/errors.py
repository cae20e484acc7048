"""What can go wrong with the database."""

from pathlib import Path

from ttai.errors import TtaiError


class DatabaseUnavailable(TtaiError):
    """The database can't be used just now."""

    code = "DATABASE"
    retryable = True


class DatabaseLocked(DatabaseUnavailable):
    """Someone else has it for longer than a call should wait."""

    def __init__(self, who: str = "") -> None:
        browser = "Close whatever has ttai.db open besides ttai (a database browser, a sync client) and try again"
        super().__init__(
            f"{who or 'another program'} keeps the database locked", "Try again in a minute" if who else browser
        )


class DiskFull(DatabaseUnavailable):
    """No room for what was to be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"the disk with {path} is full; nothing was saved", "Make room on it and try again")


class DatabaseUnwritable(TtaiError):
    """The file or its folder can't be read or written."""

    code = "DATABASE"

    def __init__(self, path: Path, said: str) -> None:
        super().__init__(
            f"the database {path} can't be opened for writing ({said})",
            "Make the file and its folder writable for this user, or choose another --data-dir",
        )


class DatabaseDamaged(TtaiError):
    """The file is no database any more."""

    code = "DATABASE"

    def __init__(self, path: Path, said: str, kept: Path | None) -> None:
        super().__init__(
            f"the database {path} is damaged ({said}); it was left as it is",
            f"`ttai restore` brings back the newest backup, {kept}"
            if kept
            else f"There is no backup for `ttai restore`; move {path.name} away and restart to begin with an empty one",
        )


class NotABackup(TtaiError):
    """What should be restored is not a whole database of ttai."""

    code = "DATABASE"

    def __init__(self, source: Path, why: str) -> None:
        super().__init__(
            f"{source} can't be restored: {why}", "The backups are in the folder `backups` of the data dir"
        )


class DatabaseNewer(TtaiError):
    """The file was written by a newer version than the one that runs."""

    code = "DATABASE"

    def __init__(self, owner: str) -> None:
        maker = "ttai" if owner == "core" else f"the plugin {owner}"
        super().__init__(
            f"the tables of {owner} were made by a newer version of {maker}; nothing of them is touched",
            "Update it, or bring back a backup of before with `ttai restore`",
        )


class TablesUnusable(TtaiError):
    """One owner's tables can't be used; the others' can."""

    code = "DATABASE"

    def __init__(self, owner: str, why: str, cure: str = "") -> None:
        cure = cure or ("Update ttai" if owner == "core" else "Update the plugin, or tell its author")
        super().__init__(f"the tables of {owner} can't be used: {why}", cure)
