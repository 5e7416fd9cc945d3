"""How long until the package, its help, and the answer of the first example are there, each as a whole process?"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLE = Path(__file__).parent.parent / "examples" / "expansion_history" / "problem.toml"


def seconds(*command):
    times = []
    for _ in range(11):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main():
    command = str(Path(sys.executable).parent / "parametra")
    empty = seconds(sys.executable, "-c", "pass")
    with tempfile.TemporaryDirectory() as out:
        rows = [
            {"process": "python -c pass", "median seconds": round(empty, 3), "goal": ""},
            {
                "process": "import parametra (above the empty process)",
                "median seconds": round(seconds(sys.executable, "-c", "import parametra") - empty, 3),
                "goal": "0.15",
            },
            {
                "process": "import and every public name",
                "median seconds": round(seconds(sys.executable, "-c", "from parametra import *"), 3),
                "goal": "",
            },
            {"process": "parametra --help", "median seconds": round(seconds(command, "--help"), 3), "goal": "0.25"},
            {
                "process": "parametra fit examples/expansion_history/problem.toml",
                "median seconds": round(seconds(command, "fit", str(EXAMPLE), "--out", out), 3),
                "goal": "2",
            },
            {
                "process": "the same with --json, no pictures",
                "median seconds": round(seconds(command, "fit", str(EXAMPLE), "--json"), 3),
                "goal": "2",
            },
        ]
    json.dump({"title": "Start-up, whole processes", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
