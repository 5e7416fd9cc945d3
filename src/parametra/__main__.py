"""`python -m parametra` is the command `parametra`."""

from __future__ import annotations

from parametra.cli.main import main

main(prog_name="parametra")
