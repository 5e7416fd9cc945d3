"""The job script of examples/cluster, with an srun that starts the tasks on this machine."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "cluster"
SRUN = '#!/bin/bash\nfor _ in $(seq "$SLURM_NTASKS"); do "$@" & done\ntrap \'kill $(jobs -p)\' TERM\nwait\n'


@pytest.mark.slow
def test_the_job_script_runs_a_fit_and_goes_on(tmp_path):
    pytest.importorskip("distributed")
    shutil.copytree(EXAMPLE, tmp_path, ignore=shutil.ignore_patterns("out", "*.db*"), dirs_exist_ok=True)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "srun").write_text(SRUN)
    (tools / "srun").chmod(0o755)
    settings = {
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SLURM_NTASKS": "2",
        "SLURM_JOB_ID": str(10_000 + os.getpid()),
    }
    told = []
    for _ in range(2):
        with (tmp_path / "told.txt").open("w+") as out:
            done = subprocess.run(
                ["/bin/bash", "fit.slurm", "light.toml"],
                cwd=tmp_path,
                env={**os.environ, **settings},
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=120,
                check=False,
            )
            out.seek(0)
            told.append(out.read())
        assert done.returncode == 0, told[-1]
    first, second = (text[text.index("parameter ") : text.index("degrees of freedom")] for text in told)
    assert "dask tcp://" in told[0]
    assert first == second
    with sqlite3.connect(tmp_path / "light.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or ())]
