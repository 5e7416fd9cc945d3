"""Run every benchmark and write docs/benchmarks.md: `make bench`.

`python benchmarks/run.py NAME ...` runs some, and leaves the other sections of the page as they are.
"""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = ("parametra", "numpy", "scipy", "jax", "lmfit", "optimistix", "optuna")
PACKAGES += ("diffrax", "casadi", "iminuit", "pypesto", "lifelines", "girth", "pycs3")
PAGE = HERE.parent / "docs" / "benchmarks.md"
NAMES = (
    "start_up",
    "nist_fits",
    "kernels",
    "multistart_warm",
    "multistart_held_out",
    "retirement",
    "multistart_scaling",
    "multistart_cold",
    "compilations",
    "constrained",
    "sparse_regression",
    "gravity_digits",
    "matrix_sensing_rates",
    "driver_overhead",
    "ode_solvers",
    "ode_fits",
    "ode_work_precision",
    "profiles",
    "coverage",
    "bootstrap",
    "trust",
    "models_coverage",
    "models_coverage_priors",
    "nav",
    "nav_classes",
    "chinchilla",
    "survival",
    "chromatography",
    "item_response",
    "time_delay",
    "classic_models",
)


def table(rows):
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(str(row[c]) for c in columns) + " |" for row in rows]
    return "\n".join(lines)


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def measured(name):
    """The section of a benchmark: its question, its table, and when it was measured."""
    # a package that is installed has its bytecode on disk, whatever the shell says of writing it
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    out = subprocess.run(
        [sys.executable, str(HERE / f"{name}.py")],
        check=True,
        capture_output=True,
        text=True,
        cwd=HERE,
        env=environment,
    )
    found = json.loads(out.stdout)
    question = (HERE / f"{name}.py").read_text().split('"""')[1].strip().splitlines()[0]
    day = datetime.date.today()  # noqa: DTZ011  the day as the one who measures calls it
    return f"## {found['title']}\n\n{question} (`benchmarks/{name}.py`, {day})\n\n{table(found['rows'])}\n"


def kept():
    """The sections that the page has, by the name of their benchmark."""
    sections = PAGE.read_text().split("\n## ")[1:] if PAGE.exists() else []
    found = {re.search(r"`benchmarks/(\w+)\.py`", part): part for part in sections}
    return {match[1]: f"## {part.strip()}\n" for match, part in found.items() if match}


def main():
    sections = kept()
    for name in sys.argv[1:] or NAMES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        sections[name] = measured(name)
        print(sections[name], flush=True)
        versions = ", ".join(f"{p} {version(p)}" for p in PACKAGES)
        PAGE.write_text(
            (HERE / "preface.md").read_text()
            + f"\nMeasured on {processor()}, {os.cpu_count()} cores, Python {platform.python_version()}; {versions}.\n"
            + "Each section tells its day.\n\n"
            + "\n".join(sections[n] for n in NAMES if n in sections)
        )


if __name__ == "__main__":
    main()
