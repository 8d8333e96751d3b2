"""What a verb on several assets answers by `--json`: the answer of each, and those that were refused."""

from collections.abc import Callable
from typing import Generic, NotRequired, TypedDict, TypeVar

from wikipin.answer.writing import Failure, InstallAnswer, RemoveAnswer, UpdateAnswer, failure
from wikipin.remedy import Door
from wikipin.verbs.outcomes import Outcomes

_T = TypeVar("_T")
Answer = TypeVar("Answer", InstallAnswer, UpdateAnswer, RemoveAnswer)


class AssetFailure(Failure):
    """Why one asset of several was refused."""

    kind: str


class SeveralAnswer(TypedDict, Generic[Answer]):
    """What a verb on several assets answers."""

    done: list[Answer]
    unchanged: list[str]
    gone: NotRequired[list[str]]
    """Those of `unchanged` that the wiki has no longer, of an update of all."""

    failed: list[AssetFailure]


def answer_several(outcomes: Outcomes[_T], answer: Callable[[_T], Answer], door: Door) -> SeveralAnswer[Answer]:
    """Answer a verb on several assets; `answer` is how it answers one."""
    return {
        "done": [answer(done) for done in outcomes.done.values()],
        "unchanged": [asset.name for asset in outcomes.unchanged],
        "failed": [
            {**failure(asset, error, door), "kind": asset.kind.word} for asset, error in outcomes.failed.items()
        ],
    }
