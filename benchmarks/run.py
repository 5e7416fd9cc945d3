"""Run every benchmark and write docs/benchmarks.md: `make bench`. One benchmark: python benchmarks/run.py NAME."""

import datetime
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
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


def main():
    wanted = sys.argv[1:] or NAMES
    parts = []
    for name in wanted:
        print(f"{name} ...", file=sys.stderr, flush=True)
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
        parts.append(f"## {found['title']}\n\n{question} (`benchmarks/{name}.py`)\n\n{table(found['rows'])}\n")
        print(parts[-1], flush=True)
    if sys.argv[1:]:
        return
    versions = ", ".join(f"{p} {version(p)}" for p in ("parametra", "numpy", "scipy", "jax", "lmfit", "optimistix"))
    PAGE.write_text(
        (HERE / "preface.md").read_text()
        + f"\nMeasured on {datetime.date.today()} on {processor()}, {os.cpu_count()} cores, Python "  # noqa: DTZ011
        f"{platform.python_version()}; {versions}.\n\n" + "\n".join(parts)
    )


if __name__ == "__main__":
    main()
