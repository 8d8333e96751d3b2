"""Figures, and how they are measured: the sides of one take turns in the same run, A B A B."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.place import Place
from benchmarks.sample import Sample, TurnError

Turn = Callable[[Path], Sample]
"""Prepares what it needs in an empty directory, does its work once, checks that it was done, and returns what it took.

Only the work is in the sample.
"""


@dataclass(frozen=True)
class Side:
    """One of those that are compared."""

    name: str
    turn: Turn | None
    missing: str = ""
    """Why there is no turn."""


@dataclass(frozen=True)
class Ratio:
    """The wall time of one side divided by that of another, by their names."""

    over: str
    under: str
    bar: float | None = None
    """What it should not exceed."""


@dataclass(frozen=True)
class Figure:
    """What is compared, and how often."""

    sides: Sequence[Side]
    ratios: Sequence[Ratio]
    rounds: int = 5
    """Turns of each side that count."""
    warm_ups: int = 1
    """Turns of each side before them, which fill the caches and do not count."""


@dataclass
class Result:
    """What was measured for one figure."""

    name: str
    what: str
    figure: Figure
    samples: dict[str, list[Sample]] = field(default_factory=dict[str, list[Sample]])
    """By the name of the side; equally many of each, in the order of the rounds."""
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """By the name of the side: why it was given up."""

    def walls(self, ratio: Ratio) -> list[float]:
        """Return the ratio of wall times in each round; empty if a side is missing or failed."""
        return [over.wall / under.wall for over, under in self._pairs(ratio)]

    def cpus(self, ratio: Ratio) -> list[float]:
        """Return the ratio of processor times in each round; without rounds in which one is not known, or is 0."""
        return [over.cpu / under.cpu for over, under in self._pairs(ratio) if over.cpu and under.cpu]

    def is_beyond(self, ratio: Ratio) -> bool:
        """Tell whether the ratio has a bar and its median is beyond it."""
        walls = self.walls(ratio)
        return ratio.bar is not None and bool(walls) and statistics.median(walls) > ratio.bar

    def _pairs(self, ratio: Ratio) -> Iterable[tuple[Sample, Sample]]:
        return zip(self.samples.get(ratio.over, ()), self.samples.get(ratio.under, ()), strict=False)


def measure(name: str, what: str, figure: Figure, place: Place) -> Result:
    """Give each side its turns. One that fails is given up; the others go on."""
    result = Result(name, what, figure, {side.name: [] for side in figure.sides if side.turn})
    for number, side in _turns(figure):
        if side.turn is None or side.name in result.failed:
            continue
        directory = place.path / name / f"{number}-{side.name.replace('/', '-')}"
        directory.mkdir(parents=True)
        place.settle()
        try:
            sample = side.turn(directory)
        except TurnError as error:
            result.failed[side.name] = str(error)
            del result.samples[side.name]
            continue
        if number >= figure.warm_ups:
            result.samples[side.name].append(sample)
    return result


def _turns(figure: Figure) -> Iterator[tuple[int, Side]]:
    for number in range(figure.warm_ups + figure.rounds):
        for side in figure.sides:
            yield number, side
