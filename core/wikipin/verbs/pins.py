"""What a wiki says of the commits that a project is pinned to."""

from collections.abc import Iterable, Mapping

from wikipin.errors import WikipinError
from wikipin.names import Commit, SkillName, is_skill_name
from wikipin.plan.state import Pinned, ProjectSkill
from wikipin.tree import Listing
from wikipin.wiki.deadline import TooSlowError
from wikipin.wiki.wiki import Wiki


def read_pins(wiki: Wiki, skills: Iterable[ProjectSkill], at: Commit) -> Mapping[str, Pinned]:
    """Return what `wiki` says, as seen from the commit `at`, of the pin of each skill that has one."""
    pinned = {seen.name: seen.entry.commit for seen in skills if seen.entry is not None}
    names_at: dict[Commit, list[str]] = {}
    for name, pin in pinned.items():
        names_at.setdefault(pin, []).append(name)
    trees = {pin: wiki.tree_ids(pin, names) for pin, names in names_at.items() if wiki.has_commit(pin)}
    ancestors = wiki.ancestors(trees, at)
    listings = {seen.name: read_pinned(wiki, seen) for seen in skills}
    return {
        name: Pinned(
            is_known=pin in trees,
            is_ancestor=pin in ancestors,
            tree_id=trees.get(pin, {}).get(name),
            listing=listings[name],
        )
        for name, pin in pinned.items()
    }


def read_pinned(wiki: Wiki, seen: ProjectSkill) -> Listing | None:
    """Return a skill's files at its pin, where the project does not say by itself what was installed."""
    if seen.entry is None or seen.says_all or not is_skill_name(seen.name):
        return None
    try:
        return wiki.read_skill(seen.entry.commit, SkillName(seen.name)).tree.listing
    except TooSlowError:
        raise
    except WikipinError:
        return None  # it is not there any more, or was never there as we would read it
