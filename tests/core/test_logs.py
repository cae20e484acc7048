"""Logs: what a reader finds in them, what no reader may find, and that they never stop the server."""

import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from ttai.clock import Clock
from ttai.logs import KEEP_DAYS, Lane, Logs, conceal, conceal_token, redact, request_id
from ttai.testing import FrozenClock, harness

NOON = datetime.fromisoformat("2026-11-20T12:00").astimezone()  # days are the user's
log = logging.getLogger("ttai.trial")


@pytest.fixture
def start(own_logging: None, tmp_path: Path) -> Iterator[Callable[..., Logs]]:
    started = []

    def logs(level: str = "INFO", folder: Path = tmp_path / "logs", clock: Clock | None = None) -> Logs:
        started.append(Logs(level, folder, clock or FrozenClock(NOON)))
        return started[-1]

    yield logs
    for one in started:
        one.close()


def until(true: Callable[[], object]) -> None:
    end = monotonic() + 5
    while not true():
        assert monotonic() < end, "it did not happen"
        sleep(0.005)


def file_of(logs: Logs) -> str:
    logs.close()
    assert logs.file is not None
    return "".join(path.read_text() for path in sorted(logs.file._folder.glob("*.log")))


def test_a_record_is_one_line_on_stderr_and_one_in_the_days_file(
    start: Callable[..., Logs], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logs = start()
    log.info("first\nsecond\r\nthird")
    log.debug("nobody asked")
    logs.close()
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("[INFO] ttai.trial: first | second | third")
    (line,) = (tmp_path / "logs" / "ttai-20261120.log").read_text().splitlines()
    assert "[INFO] ttai.trial: first | second | third (test_logs.py:" in line


def test_a_traceback_is_one_line_too(start: Callable[..., Logs]) -> None:
    logs = start()
    try:
        dict[str, int]()["SPY"]
    except KeyError:
        log.exception("a quote failed")
    (line,) = file_of(logs).splitlines()
    assert "a quote failed" in line
    assert "| KeyError: 'SPY'" in line


def test_a_line_says_which_call_it_belongs_to(start: Callable[..., Logs]) -> None:
    logs = start()
    token = request_id.set("r12")
    log.info("asked")
    request_id.reset(token)
    log.info("alone")
    said = file_of(logs)
    assert "ttai.trial: r12 asked" in said
    assert "ttai.trial: alone" in said


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer WORD",
        "authorization=bearer WORD",
        '{"refresh_token": "WORD", "x": 1}',
        r"{\"access-token\": \"WORD\"}",
        "refreshToken='WORD'",
        "session-token: WORD",
        "GET https://host/path?access_token=WORD&x=1",
        "client_secret=WORD",
        'CLIENT-SECRET: "WORD"',
        "api_key = WORD",
        "TTAI_API_KEY=WORD",
        "password: 'WORD'",
    ],
)
@pytest.mark.parametrize("word", ["s3cr3t-w0rd.of~some/length+=", "p@ss:wörd!%"])
def test_what_looks_like_a_credential_is_hidden(line: str, word: str) -> None:
    shown = redact(line.replace("WORD", word))
    assert word not in shown
    assert shown == line.replace("WORD", "[hidden]")


def test_a_json_web_token_is_hidden_wherever_it_stands() -> None:
    assert redact("said eyJhbGciOiJF.eyJzdWIiOiJi.c2lnbmF0dXJl twice") == "said [hidden] twice"


@pytest.mark.parametrize(
    "line",
    [
        "api_key is a secret and is not read from here",
        "TOKEN is TTAI_API_KEY, or the content of http.token in the data dir",
        "r1 get_quote: ok, 12 ms, 340 bytes",
        "quote_token=None",
    ],
)
def test_what_is_none_stays_readable(line: str) -> None:
    assert redact(line) == line


def test_what_was_concealed_is_nowhere_whole_or_in_part(own_logging: None) -> None:
    conceal("open-sesame", "open-sesame-and-more", "no")
    assert redact("x open-sesame-and-more y open-sesame, no") == "x [hidden] y [hidden], no"


def test_of_passing_tokens_the_last_are_concealed_and_what_lasts_for_ever(own_logging: None) -> None:
    conceal("open-sesame")
    for number in range(100):
        conceal_token(f"token-{number:03}")
        conceal_token(f"token-{number:03}")  # no second place
    assert redact("open-sesame v token-099 w token-068") == "[hidden] v [hidden] w [hidden]"
    assert redact("token-050") == "token-050"
    conceal_token("open-sesame-street")
    assert redact("x open-sesame-street") == "x [hidden]"


def test_concealing_while_another_thread_logs_loses_no_line(own_logging: None) -> None:
    over = threading.Event()
    failed: list[BaseException] = []
    laps: list[str] = []

    def talk() -> None:
        while not over.is_set():
            try:
                laps.append(redact("a line"))
            except BaseException as error:
                failed.append(error)

    talker = threading.Thread(target=talk)
    talker.start()
    for number in range(2000):
        conceal(f"secret-{number:04}")
    until(lambda: laps)
    over.set()
    talker.join()
    assert failed == []


def test_secrets_are_hidden_in_messages_arguments_tracebacks_and_prints(
    start: Callable[..., Logs], capfd: pytest.CaptureFixture[str]
) -> None:
    logs = start()
    conceal("open-sesame")
    log.info("sent %s", {"key": "open-sesame"})
    log.error("no login", exc_info=RuntimeError("refused open-sesame"))
    log.info("wrong %d open-sesame", "words")
    print("printed open-sesame", file=sys.stderr)
    said = file_of(logs)
    shown = capfd.readouterr().err
    assert "open-sesame" not in said + shown
    assert said.count("[hidden]") == 3
    assert "printed [hidden]" in shown
    assert "a log line of ttai.trial could not be written" in said


def test_what_is_printed_takes_the_same_way_in_whole_lines(
    start: Callable[..., Logs], capfd: pytest.CaptureFixture[str]
) -> None:
    logs = start()
    print("half", end="", file=sys.stderr)
    print(" and half", file=sys.stderr)
    print("10 %\r20 %\r30 %", file=sys.stderr)
    logs.close()
    assert capfd.readouterr().err.splitlines() == ["half and half", "10 %", "20 %", "30 %"]


def test_a_lone_surrogate_costs_no_line(start: Callable[..., Logs]) -> None:
    logs = start()
    log.info("a file named \udcff")
    log.info("the next")
    assert "\\udcff" in file_of(logs)
    assert "the next" in file_of(logs)


def test_a_new_day_has_a_new_file_and_fourteen_days_are_kept(start: Callable[..., Logs], tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for days in range(1, 20):
        (folder / f"ttai-{NOON - timedelta(days=days):%Y%m%d}.log").write_text("old\n")
    for name in ("ttai-20200101-mine.log", "ttai-1.log", "notes.txt"):
        (folder / name).write_text("the user's\n")
    clock = FrozenClock(NOON)
    logs = start(clock=clock)
    log.info("today")
    until((folder / "ttai-20261120.log").exists)
    clock.advance(24 * 3600)
    log.info("tomorrow")
    logs.close()
    assert "tomorrow" in (folder / "ttai-20261121.log").read_text()
    assert "tomorrow" not in (folder / "ttai-20261120.log").read_text()
    kept = sorted(path.name for path in folder.glob("ttai-2026*.log"))
    assert (len(kept), kept[0], kept[-1]) == (KEEP_DAYS, "ttai-20261108.log", "ttai-20261121.log")
    assert {"ttai-20200101-mine.log", "ttai-1.log", "notes.txt"} <= {path.name for path in folder.iterdir()}


def test_a_folder_that_takes_no_file_is_said_once_and_again_written_when_it_does(
    start: Callable[..., Logs], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    logs = start(folder=tmp_path / "taken" / "logs")
    log.info("one")
    until(lambda: logs.problem)
    log.info("two")
    assert "choose another --data-dir" in (logs.problem or "")
    (tmp_path / "taken").unlink()

    def written() -> bool:
        log.info("three")
        return logs.problem is None

    until(written)
    assert "three" in file_of(logs)
    shown = capfd.readouterr().err
    assert shown.count("no log file") == 1
    assert "one" in shown
    assert "two" in shown


async def test_a_log_that_cannot_be_written_is_in_get_status(start: Callable[..., Logs], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    logs = start(folder=tmp_path / "taken" / "logs")
    log.info("one")
    until(lambda: logs.problem)
    async with harness() as h:
        h.app.logs = logs
        assert "no log file" in (await h.call("get_status")).text


def test_without_a_folder_there_is_no_file_and_no_problem(own_logging: None, capfd: pytest.CaptureFixture[str]) -> None:
    logs = Logs("ERROR", None, Clock())
    log.error("one")
    logs.close()
    assert logs.problem is None
    assert "one" in capfd.readouterr().err


def test_libraries_that_tell_too_much_are_heard_from_warning_up(start: Callable[..., Logs]) -> None:
    logs = start("DEBUG")
    for name in ("tastytrade", "httpx2", "fastmcp", "mcp", "aiosqlite", "sqlalchemy.engine.Engine", "sqlalchemy.late"):
        logging.getLogger(name).info("the request and its token")
        logging.getLogger(name).warning("%s warns", name)
    log.debug("asked for")
    said = file_of(logs)
    assert "the request" not in said
    assert all(f"{name} warns" in said for name in ("tastytrade", "httpx2", "fastmcp", "mcp"))
    assert "asked for" in said


class Slow(Lane):
    """A lane whose reader takes a line when told to."""

    def __init__(self, size: int) -> None:
        super().__init__("slow", size)
        self.go = threading.Event()
        self.begun = threading.Event()
        self.written: list[str] = []

    def write(self, text: str) -> bool:
        self.begun.set()
        self.go.wait()
        self.written += text.splitlines()
        return True


def test_a_full_queue_lets_the_old_lines_go_and_nobody_waits() -> None:
    lane = Slow(size=10)
    lane.start()
    lane.put("0")
    lane.begun.wait()
    for number in range(1, 1001):
        lane.put(str(number))
    lane.close(timeout=0.01)  # nobody reads: it does not wait for ever
    lane.go.set()
    lane.join(5)
    assert lane.written == ["0", *map(str, range(991, 1001))]


def test_a_reader_that_is_gone_stops_nothing(start: Callable[..., Logs], capfd: pytest.CaptureFixture[str]) -> None:
    logs = start()
    said: list[str] = []
    saved = os.dup(2)
    reader, writer = os.pipe()
    try:
        os.dup2(writer, 2)
        os.close(writer)
        os.close(reader)
        log.info("into the void")
        logs.stderr.put("and this")
        logs.stderr.keep("and what must not be lost", lambda: said.append("written"))
        until(lambda: not logs.stderr._lines)
        assert logs.stderr.is_alive()
    finally:
        logs.stderr.close(5)
        os.dup2(saved, 2)
        os.close(saved)
    assert said == []
    assert "into the void" in file_of(logs)
    gc.collect()
