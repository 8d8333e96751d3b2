"""Where the wiki is, and how a person is told."""

import os
from pathlib import Path

from wikipin.remedy import ByDoor

DEFAULT_WIKI = "~/.memtomem-wiki"
WIKI_VARIABLE = "MEMTOMEM_WIKI_PATH"


def default_wiki_path() -> Path:
    """Return `$MEMTOMEM_WIKI_PATH`, else `~/.memtomem-wiki`, as it is named."""
    return Path(os.environ.get(WIKI_VARIABLE) or DEFAULT_WIKI)


def where(what: str, path: Path) -> ByDoor:
    """Return words with a wiki's path behind them, and who named it: `... at '~/wiki', which --wiki names`.

    A path that is not below the home directory is for whoever sits at this machine; a model is told its name.
    """
    full = name = str(path)
    try:
        full = name = str("~" / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # it is elsewhere, or nobody knows where the home directory is
        name = path.name
    given = path != default_wiki_path().expanduser().absolute()
    if given:
        source = "which --wiki names"
    elif os.environ.get(WIKI_VARIABLE):
        source = f"which ${WIKI_VARIABLE} names"
    else:
        source = "where the wiki is by default"
    started = "which this server was started with" if given else source
    return ByDoor(f"{what} '{name}', {started}", f"{what} '{full}', {source}")
