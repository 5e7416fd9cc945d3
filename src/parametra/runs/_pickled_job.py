"""What another process is to run, as bytes, with the functions that it could not import."""

from __future__ import annotations

import os
import pickle
import site
import sys
import sysconfig
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from types import ModuleType
from typing import Any

from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import Job


def payload(job: Job, *, elsewhere: bool) -> bytes:
    """A job and the folders of the person's own modules, for `child.py`.

    Arguments:
        job: the model and the inputs.
        elsewhere: whether the process may be on another machine, where the person's own modules are not.

    Raises:
        ModelError: it holds something that cannot be sent.
    """
    installed = _installed()
    paths = [os.path.realpath(path) for path in sys.path]
    own = [path for path in paths if not f"{path}{os.sep}".startswith(installed)]
    try:
        return pickle.dumps((own, pickled(job, elsewhere=elsewhere)), protocol=5)
    except Exception as error:  # whatever cannot be pickled says so in its own way
        raise ModelError(
            f"the model {job.model.name} cannot be sent to another process ({type(error).__name__}: {error}). Write it "
            "as a function at the top of a module that opens what it needs by itself, or state it as a file and a "
            'name, python = "file.py:function".'
        ) from error


def pickled(thing: Any, *, elsewhere: bool = False) -> bytes:
    """Anything by cloudpickle; functions and classes go by value where the other process could not import them."""
    import cloudpickle

    with _by_value(elsewhere=elsewhere) as modules, BytesIO() as file:

        class Pickler(cloudpickle.Pickler):
            """Sends functions that keep what they gave, too; the copy starts with nothing kept."""

            def reducer_override(self, obj: Any) -> Any:
                if isinstance(obj, _KEEPS) and getattr(obj, "__module__", None) in modules:
                    return (_keeping, (obj.__wrapped__, obj.cache_parameters()))
                return super().reducer_override(obj)

        Pickler(file, protocol=5).dump(thing)
        return file.getvalue()


_KEEPS = type(lru_cache(len))


def _keeping(function: Any, settings: dict[str, Any]) -> Any:
    return lru_cache(**settings)(function)


@contextmanager
def _by_value(*, elsewhere: bool) -> Generator[set[str]]:
    """Functions of some modules go by value meanwhile; their names."""
    import cloudpickle

    known = cloudpickle.list_registry_pickle_by_value()
    modules = [m for m in _own_modules() if m.__name__ not in known and (elsewhere or not _importable(m.__name__))]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield {"__main__", *known, *(module.__name__ for module in modules)}
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _own_modules() -> list[ModuleType]:
    """The modules that were not installed: files of the person, and modules made by hand."""
    installed = _installed()
    found: list[ModuleType] = []
    loaded: list[tuple[str, Any]] = list(sys.modules.items())  # some packages put other things there
    for name, module in loaded:
        if not isinstance(module, ModuleType) or name.partition(".")[0] in ("__main__", "parametra"):
            continue
        facts = object.__getattribute__(module, "__dict__")  # reading an attribute would load a lazy module
        if facts.get("__name__") != name:
            continue
        file = facts.get("__file__")
        own = file is None and facts.get("__spec__") is None
        if isinstance(file, str) and not file.startswith(installed):
            own = not os.path.realpath(file).startswith(installed)
        if own:
            found.append(module)
    return found


def _installed() -> tuple[str, ...]:
    """The folders of Python and of installed packages."""
    places = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders = [*places, *site.getsitepackages(), site.getusersitepackages()]
    return tuple({path + os.sep for folder in folders for path in (folder, os.path.realpath(folder))})


def _importable(name: str) -> bool:
    """Whether importing this name again would find the same file."""
    module = sys.modules[name]
    parent = name.rpartition(".")[0]
    if parent and (parent not in sys.modules or not _importable(parent)):
        return False
    path = getattr(sys.modules[parent], "__path__", None) if parent else None
    if parent and path is None:
        return False
    file = getattr(module, "__file__", None)
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path)
        if spec is not None:
            if file is None:  # a folder without a file of its own
                return module.__spec__ is not None and spec.submodule_search_locations is not None
            return spec.origin is not None and os.path.realpath(spec.origin) == os.path.realpath(file)
    return False
