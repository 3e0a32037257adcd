"""Measures everything that the README claims of speed and memory, and writes it down: benches/figures.md, benches/figures.svg
and the README's own table.

Run on a machine that does nothing else: python3 benches/figures.py
Needs cargo, a few gigabytes under target/figures and about half an hour. What is compared runs in turns, and medians are told,
so ratios hold where absolute figures differ. A goal that is missed is shown as missed.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
import plot  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "release/backproof"
RIVALS = TARGET / "rivals/release"
SCRATCH = TARGET / "figures"
AT = "2026-03-01T06:00:00Z"
SIZES = [10_000, 100_000, 1_000_000]
BEGIN, END = "<!-- figures: written by benches/figures.py -->\n", "<!-- figures end -->"


@dataclass
class Run:
    """One process: seconds as they passed, seconds of processor time, and the most memory it had, in bytes."""

    wall: float
    processor: float
    peak: int


def run(*command: object) -> Run:
    """Runs a command to its end; the peak is at least this program's own, some 15 MB, which the kernel hands on to it."""
    start = time.perf_counter()
    child = subprocess.Popen([str(it) for it in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    # 3 and 4: something does not comply, or could not be judged.
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 3, 4):
        sys.exit(f"{command} ended with status {child.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def in_turns(commands: dict[str, list[object]], rounds: int) -> dict[str, Run]:
    """Every command once in every round; medians of all rounds, and the most memory of any."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            measured = run(*command)
            # The first round only brings files into memory.
            if turn > 0:
                runs[name].append(measured)
    return {
        name: Run(
            statistics.median(it.wall for it in of),
            statistics.median(it.processor for it in of),
            max(it.peak for it in of),
        )
        for name, of in runs.items()
    }


def build() -> None:
    cargo = ["cargo", "build", "--release", "--locked", "--quiet"]
    subprocess.run([*cargo, "--no-default-features", "--bin", "backproof"], cwd=ROOT, check=True)
    rivals = ["--manifest-path", "benches/rivals/Cargo.toml", "--target-dir", str(TARGET / "rivals")]
    subprocess.run([*cargo, *rivals], cwd=ROOT, check=True)


def audit(inventory: Path, *options: object) -> list[object]:
    return [PROGRAM, "audit", inventory, "--at", AT, "--out", SCRATCH / "report", *options]


def estate(shape: str, points: int) -> Path:
    """The folder of an estate, made unless it is there already."""
    folder = SCRATCH / f"{shape}-{points}"
    if not folder.exists():
        making = SCRATCH / "making"
        shutil.rmtree(making, ignore_errors=True)
        run(RIVALS / "inventory", "generate", making, shape, points)
        making.rename(folder)
    return folder


def whole_runs(sizes: list[int], rounds: int, threads: bool) -> dict[tuple[str, int], dict[str, Run]]:
    """Runs from an inventory on disk to reports, against only parsing it, by shape and size."""
    shapes = [("kept-longer", it) for it in sizes] + [("more-resources", sizes[-1]), ("hostile", sizes[-2])]
    found = {}
    for shape, points in shapes:
        folder = estate(shape, points)
        commands = {"parse": [RIVALS / "inventory", "parse", folder], "audit": audit(folder)}
        if threads and shape == "kept-longer":
            commands |= {f"threads {it}": audit(folder, "--threads", it) for it in (1, 2)}
        found[shape, points] = in_turns(commands, rounds)
    return found


def compared(points: int, rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds for each question, by what is compared and by engine."""
    command = [str(RIVALS / "rivals"), "--json", "--points", str(points), "--rounds", str(rounds)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {it["title"]: it["nanoseconds"] for it in map(json.loads, told.splitlines())}


@dataclass
class Goal:
    """Something to reach: what was measured, which bound holds, and whether it does; none if it was not measured."""

    what: str
    measured: float | None
    bound: str
    form: str
    met: bool | None

    def row(self) -> str:
        if self.measured is None:
            return f"| {self.what} | not measured | {self.bound} | |"
        return f"| {self.what} | {self.form.format(self.measured)} | {self.bound} | {'yes' if self.met else '**missed**'} |"


def at_most(what: str, measured: float | None, limit: float, form: str = "{:.2f}x") -> Goal:
    met = None if measured is None else measured <= limit
    return Goal(what, measured, "at most " + form.format(limit), form, met)


def at_least(what: str, measured: float | None, limit: float, form: str = "{:.1f}x") -> Goal:
    met = None if measured is None else measured >= limit
    return Goal(what, measured, "at least " + form.format(limit), form, met)


def ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def steepness(runs: dict[tuple[str, int], dict[str, Run]], sizes: list[int]) -> float | None:
    """How far time for each further recovery point differs, in percent, between the smaller sizes and the larger."""
    if len(sizes) < 3:
        return None
    wall = [runs["kept-longer", it]["audit"].wall for it in sizes]
    steps = [(wall[i + 1] - wall[i]) / (sizes[i + 1] - sizes[i]) for i in range(2)]
    return abs(steps[1] / steps[0] - 1) * 100 if steps[0] > 0 else None


def goals(figures: "Figures") -> list[Goal]:
    five, hostile = figures.engines, figures.hostile
    ours, by_hand = five.get("backproof"), five.get("closures by hand")
    largest = figures.sizes[-1]
    whole = figures.whole["kept-longer", largest]
    smaller = figures.whole["kept-longer", figures.sizes[-2]]
    growth = abs(whole["audit"].peak / smaller["audit"].peak - 1) * 100
    alone = hostile.get("nothing repeats, by itself")
    threads = None
    if "threads 1" in whole:
        threads = whole["threads 1"].wall / whole["threads 2"].wall
    size = f"{largest:,} recovery points"
    return [
        at_least("regorus' RVM, times as long as backproof", ratio(five.get("regorus RVM, inputs ready"), ours), 40),
        at_most("backproof, times as long as closures by hand, facts encoded too", ratio(ours, by_hand), 4),
        at_most("the same with facts encoded before", ratio(five.get("backproof, facts ready"), by_hand), 1.5),
        at_most("an estate where nothing repeats, against asking directly", ratio(hostile.get("nothing repeats, shared"), alone), 1.2),
        at_most(f"whole run of {size}, against only parsing", whole["audit"].wall / whole["parse"].wall, 3),
        at_most(f"most memory, {size}", whole["audit"].peak / 1e6, 300, "{:.0f} MB"),
        at_most(f"change of memory from {figures.sizes[-2]:,} to {largest:,}", growth, 10, "{:.0f} %"),
        at_most("change of time for each further recovery point, small sizes to large", steepness(figures.whole, figures.sizes), 10, "{:.0f} %"),
        at_least("two threads against one", threads, 1.5, "{:.2f}x"),
        at_most("the example estate, process start to exit", figures.example.wall * 1e3, 30, "{:.1f} ms"),
    ]


@dataclass
class Figures:
    """All that was measured."""

    sizes: list[int]
    engines: dict[str, float]
    awkward: dict[str, float]
    hostile: dict[str, float]
    join: dict[str, float]
    whole: dict[tuple[str, int], dict[str, Run]]
    example: Run
    loading: Run


def machine() -> str:
    names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split(" (")[0]
    return f"{len(names)} cores of {names[0] if names else 'an unknown processor'}, {memory:.0f} GiB, {compiler}"


def table(head: list[str], rows: list[list[str]]) -> str:
    align = ["---"] + ["---:"] * (len(head) - 1)
    return "".join("| " + " | ".join(it) + " |\n" for it in [head, align, *rows])


def goals_table(figures: Figures) -> str:
    rows = "".join(it.row() + "\n" for it in goals(figures))
    return f"| | measured | goal | reached |\n|---|---:|---:|---|\n{rows}"


def engines_table(measured: dict[str, float]) -> str:
    first = next(iter(measured.values()))
    rows = [[name, f"{it:,.1f} ns", f"{it / first:,.2f}x"] for name, it in measured.items()]
    return table(["", "each answer", "against the first"], rows)


def pairs_table(measured: dict[str, float]) -> str:
    """Each pair of `…, shared` and `…, by itself` as one row."""
    rows = []
    for name in (it.removesuffix(", shared") for it in measured if it.endswith(", shared")):
        shared, alone = measured[f"{name}, shared"], measured[f"{name}, by itself"]
        rows.append([name, f"{shared:,.0f} ns", f"{alone:,.0f} ns", f"{shared / alone:.2f}x"])
    return table(["it reads", "shared", "asked by itself", "shared against that"], rows)


def whole_table(figures: Figures) -> str:
    rows = []
    for (shape, points), of in figures.whole.items():
        parse = of["parse"]
        for name, it in of.items():
            of_run = {"parse": "parsing only, one thread", "audit": "whole run"}.get(name, f"whole run, `--{name}`")
            rows.append([
                f"{shape.replace('-', ' ')}, {points:,}: {of_run}",
                f"{it.wall * 1e3:,.0f} ms", f"{it.processor * 1e3:,.0f} ms",
                f"{it.wall / parse.wall:.2f}x", f"{it.peak / 1e6:,.0f} MB",
            ])
    return table(["recovery points", "time", "processor time", "against parsing", "most memory"], rows)


def text(figures: Figures) -> str:
    recorded = (ROOT / "benches/instructions.txt").read_text().split("\n")
    seconds = f"{figures.example.wall * 1e3:.1f} ms"
    return f"""# Figures

Measured by `python3 benches/figures.py` on {machine()}. Medians of runs in turns; ratios hold where absolute figures differ.

![Nanoseconds for each answer by engine, and time and memory of whole runs](figures.svg)

## Goals

{goals_table(figures)}
## The same five controls by several engines

Over the same recovery points, answers held equal first; processor time of one thread for each answer.

{engines_table(figures.engines)}
## Controls whose answers are hard to share

Each alone, with shared answers and with every question asked by itself; answers held equal first.
The vocabulary has no raw times: whole hours are the finest, and sizes in bytes stand for numbers that are each their own.

{pairs_table(figures.awkward)}
## An estate where no two recovery points are alike

Nine controls, status, ages, sizes, retention, types, keys, plans and tags all different.

{pairs_table(figures.hostile)}
## Whole runs

From an inventory on disk to reports: all built-in controls, both compliance reports, findings, summary.
*Kept longer*: 2,000 volumes whatever the size. *More resources*: fifty recovery points of each volume. *Hostile*: nothing repeats.

{whole_table(figures)}
## The rest

{table(["", ""], [
    ["`audit examples/acme`, process start to exit", seconds],
    ["`controls list`, process start to exit: the load of all controls", f"{figures.loading.wall * 1e3:.1f} ms"],
    *[[f"coverage join, {name}", f"{it / 1e3:,.2f} µs"] for name, it in figures.join.items()],
    [f"instructions of `audit examples/acme` under valgrind, {recorded[1]}", f"{int(recorded[0]):,}"],
])}"""


def write_readme(figures: Figures) -> None:
    path = ROOT / "README.md"
    readme = path.read_text()
    before, rest = readme.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    body = f"Measured on {machine()}.\n\n{goals_table(figures)}"
    path.write_text(before + BEGIN + body + END + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds; writes nothing but what it prints")
    parser.add_argument("--rough", action="store_true", help="all sizes and few rounds")
    parser.add_argument("--no-build", action="store_true", help="measure what was built before")
    options = parser.parse_args()
    few = options.quick or options.rough
    sizes = SIZES[:2] if options.quick else SIZES
    if not options.no_build:
        build()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    threads = "--threads" in subprocess.run([PROGRAM, "audit", "--help"], capture_output=True, text=True).stdout
    small = in_turns({"example": audit(ROOT / "examples/acme"), "loading": [PROGRAM, "controls", "list"]}, 10 if few else 40)
    by_title = list(compared(20_000 if few else 100_000, 3 if few else 7).values())
    engines, awkward, hostile, join = by_title
    whole = whole_runs(sizes, 2 if few else 7, threads)
    figures = Figures(sizes, engines, awkward, hostile, join, whole, small["example"], small["loading"])
    if options.quick:
        print(text(figures))
        return
    (ROOT / "benches/figures.md").write_text(text(figures))
    lines = {
        name: [(points, getattr(whole["kept-longer", points][of], attribute)) for points in sizes]
        for name, of, attribute in [
            ("whole run", "audit", "wall"), ("parsing only", "parse", "wall"), ("memory", "audit", "peak"),
        ]
    }
    (ROOT / "benches/figures.svg").write_text(plot.svg(engines, lines))
    write_readme(figures)
    print(goals_table(figures))


if __name__ == "__main__":
    main()
