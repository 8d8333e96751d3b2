"""What a run found, as a table for people and as JSON. No I/O."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.figure import Ratio, Result
from benchmarks.sample import Sample

_COLUMNS = "  {:<50}{:>10}{:>10}{:>10}{:>10}{:>10}"


def table(result: Result) -> str:
    """Return one figure: a row for each side, and a row for each ratio."""
    lines = [f"{result.name}: {result.what}", _COLUMNS.format("", "median", "min", "max", "cpu", "peak")]
    for side in result.figure.sides:
        if why := side.missing or result.failed.get(side.name):
            lines.append(f"  {side.name:<50}{'MISSING' if side.missing else 'FAILED'}: {why}")
        else:
            lines.append(_row(side.name, result.samples[side.name]))
    lines.append(_COLUMNS.format("ratio of wall times", "median", "min", "max", "of cpu", "bar"))
    lines += [_ratio(result, ratio) for ratio in result.figure.ratios]
    return "\n".join(lines) + "\n"


def document(result: Result) -> dict[str, Any]:
    """Return one figure for JSON: seconds and bytes, each turn of each side."""
    return {
        "name": result.name,
        "what": result.what,
        "sides": [
            {
                "name": side.name,
                "missing": side.missing or None,
                "failed": result.failed.get(side.name),
                "turns": [asdict(sample) for sample in result.samples.get(side.name, [])],
            }
            for side in result.figure.sides
        ],
        "ratios": [
            {
                **asdict(ratio),
                "rounds": (walls := result.walls(ratio)),
                **_spread(walls),
                "cpu": _median(result.cpus(ratio)),
            }
            for ratio in result.figure.ratios
        ],
    }


def _row(name: str, samples: Sequence[Sample]) -> str:
    wall = _spread([sample.wall for sample in samples])
    cpu = _median([sample.cpu for sample in samples if sample.cpu is not None])
    peak = [sample.peak for sample in samples if sample.peak is not None]
    cells = [
        *(_seconds(wall[key]) for key in ("median", "min", "max")),
        "-" if cpu is None else _seconds(cpu),
        f"{max(peak) / 1e6:.0f} MB" if peak else "-",
    ]
    return _COLUMNS.format(name, *cells)


def _ratio(result: Result, ratio: Ratio) -> str:
    wall, cpu = _spread(result.walls(ratio)), _median(result.cpus(ratio))
    cells = [f"{wall[key]:.3g}" if wall else "-" for key in ("median", "min", "max")]
    bar = "-" if ratio.bar is None else f"{ratio.bar:g}"
    row = _COLUMNS.format(f"{ratio.over} / {ratio.under}", *cells, "-" if cpu is None else f"{cpu:.3g}", bar)
    return f"{row}  BEYOND" if result.is_beyond(ratio) else row


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s"
