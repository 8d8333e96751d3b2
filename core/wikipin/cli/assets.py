"""The assets that a command line names, and the calls of a verb on them: one that is refused stops no other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import click

import wikipin
from wikipin.answer import terminal
from wikipin.answer.several import Answer, answer_several
from wikipin.asset import KINDS, SKILL, Asset
from wikipin.cli.options import Options
from wikipin.errors import WikipinError
from wikipin.names import PlanDigest, parse_plan, parse_skill_name
from wikipin.plan.acceptance import Acceptance, ReviewRequiredError
from wikipin.prompt import ask_in_terminal
from wikipin.verbs.outcomes import Outcomes

_T = TypeVar("_T")


@dataclass(frozen=True)
class Named:
    """The assets that the words after a verb name, each once."""

    assets: Sequence[Asset]
    invalid: Mapping[Asset, WikipinError] = field(default_factory=dict[Asset, WikipinError])
    """Those whose names are invalid, with the refusal of each."""

    @property
    def is_one(self) -> bool:
        """Tell whether they name one asset: then its answer is printed as it is."""
        return len(self.assets) + len(self.invalid) == 1


def parse_words(words: Sequence[str]) -> Named:
    """Return the assets of `[KIND] NAME ...`. A first word that is the word of a kind is one if another word follows.

    A single invalid name is raised, with `invalid-name`; one of several is kept, for its own refusal.
    """
    first, *rest = words
    kind, texts = (KINDS[first], rest) if rest and first in KINDS else (SKILL, words)
    assets, invalid = list[Asset](), dict[Asset, WikipinError]()
    for text in dict.fromkeys(texts):
        try:
            assets.append(Asset(kind, parse_skill_name(text)))
        except WikipinError as error:
            invalid[Asset(kind, text)] = error
    named = Named(assets, invalid)
    if named.is_one and invalid:
        raise next(iter(invalid.values()))
    return named


def parse_one_plan(text: str | None, named: Named | None) -> PlanDigest | None:
    """Return the plan of --plan or --accept; with several assets, or with all, it is wrong usage."""
    if text is None:
        return None
    if named is None or not named.is_one:
        raise click.UsageError("--plan and --accept go with one name.")
    return parse_plan(text)


@dataclass(frozen=True)
class Caller(Generic[_T]):
    """Makes the calls of a verb, and asks a person at the terminal if one needs a yes."""

    options: Options
    project: wikipin.Project
    call: Callable[[Asset, Acceptance | None], _T]
    """The verb for one asset, with what a person has accepted."""

    call_all: Callable[[Sequence[Asset]], Outcomes[_T]]
    """The same verb for several, as one change."""

    accepting: PlanDigest | None = None
    """The content that --accept named; None for any content."""

    def tell(
        self,
        named: Named,
        answer: Callable[[_T], Answer],
        show: Callable[[Answer], Iterator[str]],
        *,
        what: str,
        unchanged: str = "",
    ) -> None:
        """Make the calls, and print their outcome."""
        if named.is_one:
            one = answer(self.one(named.assets[0]))
            self.options.show(one, show(one), one["warnings"])
        else:
            several = answer_several(self.each(named), answer, self.options.door)
            self.options.show_several(several, terminal.show_several(several, show, what, unchanged))

    def one(self, asset: Asset) -> _T:
        """Make the call for one asset; if it needs a person's yes, ask, and make it again."""
        try:
            return self.call(asset, None)
        except ReviewRequiredError as required:
            return self.call(asset, self._ask(required))

    def each(self, named: Named) -> Outcomes[_T]:
        """Make the call for several assets."""
        found = self.call_all(named.assets) if named.assets else Outcomes[_T]()
        return self.asked(Outcomes(found.done, found.unchanged, {**named.invalid, **found.failed}))

    def asked(self, outcomes: Outcomes[_T]) -> Outcomes[_T]:
        """Ask about each asset that was refused because it needs a person's yes, and make its call again."""
        done, failed = dict(outcomes.done), dict[Asset, WikipinError]()
        for asset, error in outcomes.failed.items():
            try:
                if not isinstance(error, ReviewRequiredError):
                    raise error
                done[asset] = self.call(asset, self._ask(error))
            except WikipinError as why:
                failed[asset] = why
        return Outcomes(done, outcomes.unchanged, failed)

    def _ask(self, required: ReviewRequiredError) -> Acceptance:
        return ask_in_terminal(
            required,
            self.accepting,
            origin=self.options.open_wiki().origin(),
            project=self.project.shown,
            terminal=self.options.door,
        )
