"""Importing parametra is light, and so is asking for help: what is heavy is loaded by what needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import parametra

HEAVY = ("jax", "scipy", "pandas", "matplotlib", "pint", "rich", "jinja2", "click")


def loaded_by(program):
    """The heavy packages that a fresh interpreter has loaded after running a program."""
    shown = f"{program}\nimport sys\nprint('\\n' + ' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split(), done.stdout


def test_import_loads_nothing_heavy():
    assert loaded_by("import parametra")[0] == []


def test_a_heavy_package_would_be_seen():
    assert loaded_by("import click")[0] == ["click"]


def test_help_loads_click_only():
    loaded, shown = loaded_by("from parametra.cli.main import main\nmain(['--help'], standalone_mode=False)")
    assert "fit" in shown
    assert loaded == ["click"]


def test_the_public_names_are_there_once():
    assert len(set(parametra.__all__)) == len(parametra.__all__)
    for name in parametra.__all__:
        assert getattr(parametra, name) is not None
    assert set(parametra.__all__) <= set(dir(parametra))


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="fitt"):
        parametra.fitt  # noqa: B018
