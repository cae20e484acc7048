"""Where the process begins: `ttai`, `ttai-server` and `python -m ttai`, signals seen to before the rest loads."""

import gc
import os
import signal
import sys


def main() -> None:
    """`ttai`; options without a command mean `serve`."""
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    if first.startswith("-") and first not in ("-h", "--help", "--version"):
        sys.argv.insert(1, "serve")
    _run()


def server() -> None:
    """`ttai-server`: the sidecar's name; nothing at all means `serve` too."""
    if len(sys.argv) < 2:
        sys.argv.append("serve")
    main()


def _settle_home() -> None:
    """A user without a home (a container's number) has the data dir: libraries ask for one while they load."""
    if "HOME" in os.environ or sys.platform == "win32":
        return
    import pwd

    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        if not (home := os.environ.get("TTAI_DATA_DIR")):
            sys.exit("ttai: this user has no home directory. Set HOME, or TTAI_DATA_DIR")
        os.environ["HOME"] = home


def _run() -> None:
    if sys.argv[1:2] in (["serve"], ["simulate"]):
        for number in (signal.SIGINT, signal.SIGTERM):  # nothing to put in order yet; `serve` takes them over
            signal.signal(number, lambda *_: os._exit(0))
    _settle_home()
    os.umask(0o077)  # what ttai writes is its user's alone
    gc.disable()  # nothing of what is imported now ever goes: a tenth of the start; `serve` enables it again
    try:
        from ttai.cli.main import cli
        from ttai.errors import TtaiError

        try:
            cli(prog_name="ttai")
        except TtaiError as error:
            sys.exit(f"ttai: {error}")
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
