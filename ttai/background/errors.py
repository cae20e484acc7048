"""What can go wrong with jobs and tasks."""

from ttai.errors import NotFound, TtaiError, sentence


class JobFailed(TtaiError):
    """A job that was asked to run did not succeed."""

    code = "PLUGIN"

    def __init__(self, name: str, why: str, hint: str = "") -> None:
        super().__init__(f"job {name} failed: {why}", hint or "The log says more")
        self.why = sentence(why)


class JobSkipped(TtaiError):
    """A job that was asked to run can't run just now."""

    code = "PLUGIN"
    retryable = True

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"job {name} can't run just now: {why}", "get_status says more")


class JobBusy(TtaiError):
    """A job that was asked to run is running."""

    code = "VALIDATION"
    retryable = True

    def __init__(self, name: str) -> None:
        super().__init__(f"job {name} is running already", "list_jobs tells when it has ended")


class NoSuchTask(NotFound):
    """No task of that id, or it is forgotten."""

    def __init__(self, identity: str) -> None:
        super().__init__(f"there is no task {identity[:40]!r}", "Tasks are kept for a week; start it again")
