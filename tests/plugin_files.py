"""Plugins as pip lays them out on disk, without pip."""

from pathlib import Path
from textwrap import dedent

# What a well-behaved plugin called `vix` looks like.
GOOD = """
    from ttai import Host

    def register(host: Host) -> None:
        @host.tool
        async def level() -> float:
            "Level of fear."
            return 21.5
"""


def lay(folder: Path, name: str, source: str | None = GOOD, *, points: str | None = None, metadata: bool = True) -> str:
    """A distribution `ttai-<name>` 1.2 in `folder` with the module `ttai_<name>`; the folder as TTAI_PLUGIN_PATH."""
    folder.mkdir(exist_ok=True)
    if source is not None:
        (folder / f"ttai_{name}.py").write_text(dedent(source), "utf-8")
    info = folder / f"ttai_{name}-1.2.dist-info"
    info.mkdir(exist_ok=True)
    if metadata:
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ttai-{name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(points or f"[ttai.plugins]\n{name} = ttai_{name}:register\n")
    return str(folder)
