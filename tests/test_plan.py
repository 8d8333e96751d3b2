"""What an operation decides from values alone, and the words of each refusal."""

import pytest

from wikipin import Exposure, WikipinError
from wikipin.exposure import DIRECTORIES, Standing
from wikipin.lockfile import Entry, empty_lockfile
from wikipin.names import Commit, PlanDigest, RelPath, SkillName
from wikipin.plan import Change, Evidence, plan_install, require_plan
from wikipin.skill import Skill
from wikipin.tree import Copy, File, Tree

_COMMIT = Commit("0123456789" * 4)
_TREE = Tree((File(RelPath("SKILL.md"), b"x", executable=False),))
_SKILL = Skill(SkillName("hello"), _COMMIT, "Greets.", _TREE)
_ENTRY = Entry(_COMMIT, "then", None, [])
_COPY = Copy({})
_FREE = dict.fromkeys(DIRECTORIES, Standing.NOTHING)


def _evidence(
    *, entry: Entry | None = None, copy: Copy | None = None, exposures: dict[str, Standing] | None = None
) -> Evidence:
    return Evidence(empty_lockfile(), entry, copy, _FREE | (exposures or {}))


def _refusal(evidence: Evidence, exposure: Exposure | None = None) -> WikipinError:
    with pytest.raises(WikipinError) as refused:
        plan_install(_SKILL, evidence, exposure or Exposure())
    return refused.value


@pytest.mark.parametrize("exposure", [Exposure(), Exposure(()), Exposure(("claude",), "copy")])
def test_where_there_is_nothing_the_skill_is_installed_as_it_is(exposure: Exposure) -> None:
    assert plan_install(_SKILL, _evidence(), exposure) == Change("hello", _COMMIT, _TREE, exposure)


@pytest.mark.parametrize(
    ("entry", "copy", "sides", "remedy"),
    [
        (_ENTRY, _COPY, "lockfile_entry=yes, copy=yes", "Read its SKILL.md there and use it"),
        (_ENTRY, None, "lockfile_entry=yes, copy=no", "take 'hello' out of .memtomem/lock.json and install it again"),
        (None, _COPY, "lockfile_entry=no, copy=yes", "Move .memtomem/skills/hello away"),
        (None, Copy({}, {"x": "a link"}), "lockfile_entry=no, copy=yes", "Move .memtomem/skills/hello away"),
    ],
)
def test_where_either_side_is_there_it_is_installed_already(
    entry: Entry | None, copy: Copy | None, sides: str, remedy: str
) -> None:
    refused = _refusal(_evidence(entry=entry, copy=copy))
    assert refused.code == "already-installed"
    assert refused.problem == f"skill 'hello' is in this project already ({sides})"
    assert remedy in refused.remedy


def test_what_is_installed_already_is_refused_before_an_exposure_is_looked_at() -> None:
    taken = dict.fromkeys(DIRECTORIES, Standing.FOREIGN)
    assert _refusal(_evidence(entry=_ENTRY, copy=_COPY, exposures=taken)).code == "already-installed"


@pytest.mark.parametrize(
    ("words", "taken", "named"),
    [
        (("agents", "claude"), ["claude"], [".claude/skills/hello"]),
        (("agents", "claude"), ["agents", "claude"], [".agents/skills/hello", ".claude/skills/hello"]),
        (("agents",), ["agents", "claude"], [".agents/skills/hello"]),
    ],
)
@pytest.mark.parametrize("mode", ["link", "copy"])
def test_what_is_not_ours_is_a_conflict_only_where_we_would_expose(
    words: tuple[str, ...], taken: list[str], named: list[str], mode: str
) -> None:
    exposure = Exposure(words, "copy" if mode == "copy" else "link")
    refused = _refusal(_evidence(exposures=dict.fromkeys(taken, Standing.FOREIGN)), exposure)
    assert refused.code == "exposure-conflict"
    assert refused.problem == f"something that wikipin did not make stands at or above {' and '.join(named)}"


def test_our_own_link_is_a_conflict_where_a_copy_would_go() -> None:
    ours = dict.fromkeys(DIRECTORIES, Standing.OURS)
    refused = _refusal(_evidence(exposures=ours), Exposure(("claude",), "copy"))
    assert refused.code == "exposure-conflict"
    assert ".claude/skills/hello" in refused.problem


@pytest.mark.parametrize(
    ("words", "exposures"),
    [
        (("claude",), {"agents": Standing.FOREIGN}),
        ((), dict.fromkeys(DIRECTORIES, Standing.FOREIGN)),
        (("agents", "claude"), dict.fromkeys(DIRECTORIES, Standing.OURS)),
    ],
)
def test_what_is_ours_or_is_not_asked_for_is_no_conflict(
    words: tuple[str, ...], exposures: dict[str, Standing]
) -> None:
    assert plan_install(_SKILL, _evidence(exposures=exposures), Exposure(words)).exposure.words == words


def test_the_plan_of_exactly_this_content_or_none_is_enough() -> None:
    require_plan(_SKILL, None)
    require_plan(_SKILL, PlanDigest(_TREE.plan))


def test_the_plan_of_any_other_content_is_refused_with_the_one_there_is() -> None:
    other = Tree((File(RelPath("SKILL.md"), b"x", executable=True),)).plan
    with pytest.raises(WikipinError) as refused:
        require_plan(_SKILL, PlanDigest(other))
    assert refused.value.code == "plan-changed"
    assert f"skill 'hello' at 012345678901 is not what was planned: its plan is {_TREE.plan}" in refused.value.problem
