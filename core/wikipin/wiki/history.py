"""Which commits another descends from, by what commits say that were hashed again.

git says who is whose parent from files that nothing is held against: a commit-graph, or an object that is not what its
id says. So if git says no, that is believed, and refuses; if it says yes, it has to be shown commit by commit.
No I/O.
"""

from collections.abc import Iterable


def reached(start: str, wanted: set[str], commits: Iterable[tuple[str, Iterable[str]]]) -> set[str]:
    """Return those of `wanted` that `start` descends from, or is.

    `commits` are ids with their parents, in any order; no more of them are taken than it needs.
    """
    found, parents_of = {start}, dict[str, Iterable[str]]()
    missing = wanted - found
    if not missing:
        return wanted
    for commit, its_parents in commits:
        parents_of[commit] = its_parents
        waiting = [commit] if commit in found else []
        while waiting:
            new = [parent for parent in parents_of.get(waiting.pop(), ()) if parent not in found]
            found.update(new)
            missing.difference_update(new)
            waiting += new
        if not missing:
            break
    return wanted - missing
