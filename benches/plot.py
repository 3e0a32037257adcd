"""Draws the figures as SVG that reads on light and on dark ground: bars of each engine, and lines over the size of the estate."""

import math
from xml.sax.saxutils import escape

WIDTH, LEFT, ROW = 860, 268, 30
STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #3d444d }
  .title { font-size: 15px; font-weight: 600; fill: #1f2328 }
  .small { font-size: 11.5px; fill: #6e7781 }
  .value { font-variant-numeric: tabular-nums }
  .ours { fill: #1a7f6b } .rival { fill: #a9b4c0 }
  .grid { stroke: #d8dee4; stroke-width: 1 }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round }
  .l0 { stroke: #1a7f6b } .l1 { stroke: #8c959f } .d0 { fill: #1a7f6b } .d1 { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #c5ccd4 } .title { fill: #f0f3f6 } .small { fill: #8b949e }
    .ours { fill: #3fb99d } .rival { fill: #57606a } .grid { stroke: #30363d }
    .l0 { stroke: #3fb99d } .l1 { stroke: #8b949e } .d0 { fill: #3fb99d } .d1 { fill: #8b949e }
  }
"""


def words(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(text)}</text>\n'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="grid"/>\n'


def amount(value: float, units: list[tuple[float, str]]) -> str:
    """A number with the largest unit that leaves at least one of it, in three digits."""
    size, unit = next((it for it in units if value >= it[0]), units[-1])
    value /= size
    digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:,.{min(digits, 2)}f} {unit}"


def tick_amount(value: float, units: list[tuple[float, str]]) -> str:
    """A round number with its unit."""
    size, unit = next((it for it in units if value >= it[0]), units[-1])
    return f"{value / size:g} {unit}"


NANOSECONDS = [(1e6, "ms"), (1e3, "µs"), (1, "ns")]
SECONDS = [(1, "s"), (1e-3, "ms")]
BYTES = [(1e9, "GB"), (1e6, "MB")]


def bars(top: float, engines: dict[str, float]) -> str:
    """One bar for each engine, the quickest first, on a scale where each line is ten times the one before."""
    low = 10 ** math.floor(math.log10(min(engines.values())))
    high = 10 ** math.ceil(math.log10(max(engines.values())))
    right = WIDTH - 90

    def x(value: float) -> float:
        return LEFT + (right - LEFT) * math.log10(value / low) / math.log10(high / low)

    bottom = top + 22 + ROW * len(engines)
    drawn = words(20, top, "Time for each answer, the same five controls", "title")
    drawn += words(WIDTH - 20, top, "shorter is better, each line is ten times the one before", "small", "end")
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        drawn += rule(x(10**power), top + 16, x(10**power), bottom)
        drawn += words(x(10**power), bottom + 15, tick_amount(10**power, NANOSECONDS), "small", "middle")
    for index, (name, value) in enumerate(sorted(engines.items(), key=lambda it: it[1])):
        y = top + 24 + ROW * index
        style = "ours" if name.startswith("backproof") else "rival"
        drawn += words(LEFT - 12, y + 14, name, "", "end")
        drawn += f'<rect x="{LEFT}" y="{y:.1f}" width="{max(2, x(value) - LEFT):.1f}" height="19" rx="3" class="{style}"/>\n'
        drawn += words(x(value) + 7, y + 14, amount(value, NANOSECONDS), "value")
    return drawn


def chart(left: float, top: float, title: str, units: list[tuple[float, str]], lines: dict[str, list[tuple[int, float]]], floor: bool) -> str:
    """Lines over the size of the estate: both scales by tens, or values from nothing on where `floor` says so."""
    width, height = 320, 190
    points = [it for of in lines.values() for it in of]
    sizes = sorted({size for size, _ in points})
    most, least = max(it for _, it in points), min(it for _, it in points)
    low, high = 10 ** math.floor(math.log10(least)), 10 ** math.ceil(math.log10(most))
    x0, y0 = left + 58, top + 24 + height

    def x(size: int) -> float:
        return x0 + 36 + (width - 30 - 72) * math.log10(size / sizes[0]) / math.log10(sizes[-1] / sizes[0])

    def y(value: float) -> float:
        part = value / (most * 1.25) if floor else math.log10(value / low) / math.log10(high / low)
        return y0 - height * part

    step = 10 ** math.floor(math.log10(most * 1.25 / 2)) if floor else 0
    step *= next((it for it in (1, 2, 5) if most * 1.25 / (step * it) <= 5), 10) if floor else 0
    ticks = [step * it for it in range(int(most * 1.25 / step) + 1)] if floor else [
        10.0**it for it in range(round(math.log10(low)), round(math.log10(high)) + 1)
    ]
    drawn = words(left, top, title, "title")
    for tick in ticks:
        drawn += rule(x0, y(tick), x0 + width - 30, y(tick))
        drawn += words(x0 - 8, y(tick) + 4, tick_amount(tick, units) if tick else "0", "small", "end")
    for size in sizes:
        drawn += words(x(size), y0 + 18, f"{size:,}", "small", "middle")
    drawn += words(x0 + (width - 30) / 2, y0 + 36, "recovery points", "small", "middle")
    for index, (name, of) in enumerate(lines.items()):
        path = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in of)
        drawn += f'<polyline points="{path}" class="line l{index}"/>\n'
        for size, value in of:
            drawn += f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="4" class="d{index}"/>\n'
            up = -10 if index == 0 else 18
            drawn += words(x(size), y(value) + up, amount(value, units), "value small", "middle")
        if len(lines) > 1:
            drawn += f'<circle cx="{x0 + 14}" cy="{top + 40 + 18 * index}" r="4" class="d{index}"/>\n'
            drawn += words(x0 + 24, top + 44 + 18 * index, name)
    return drawn


def svg(engines: dict[str, float], lines: dict[str, list[tuple[int, float]]]) -> str:
    """The whole picture."""
    below = 40 + 22 + ROW * len(engines) + 62
    height = below + 24 + 190 + 56
    drawn = bars(40, engines)
    times = {name: lines[name] for name in ("whole run", "parsing only")}
    drawn += chart(20, below, "Time from inventory to reports", SECONDS, times, False)
    drawn += chart(450, below, "Most memory of a whole run", BYTES, {"memory": lines["memory"]}, True)
    label = "Time for each answer by engine, and time and memory of whole runs by the number of recovery points"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{label}">\n<style>{STYLE}</style>\n{drawn}</svg>\n'
    )
