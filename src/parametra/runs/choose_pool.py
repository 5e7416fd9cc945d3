"""From what a person says, a number, an address or an object, to the pool that is meant."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

from parametra.nouns.errors import MethodError
from parametra.runs.pool import Pool, Serial
from parametra.runs.pool_children import Children

_WAYS = (
    '"serial", a number of processes, "dask://host:port" or "dask://local:4", "ray://auto", "ray://host:10001" or '
    '"ray://local:4"; from Python also an executor of concurrent.futures, a distributed.Client, or a pool'
)


def refuse_unknown(thing: Any) -> None:
    """Refuse words that mean no pool, without starting or reaching one.

    Raises:
        MethodError: a text that is none of the words above.
    """
    text = thing.strip() if isinstance(thing, str) else "serial"
    if text != "serial" and not text.isdecimal() and not text.startswith(("dask://", "ray://")):
        raise MethodError(f'pool is {_WAYS}; came "{text}".')


def choose_pool(thing: Any = None) -> Pool:
    """The pool that is meant.

    Arguments:
        thing: None or "serial", calls in this process; a number or "8", so many processes; an address of Dask or Ray;
            an executor; a client of Dask; or a pool, which is given back.

    Raises:
        MethodError: anything else, or an address that nothing answers at.
        MissingExtraError: Dask or Ray is meant, and not installed.
    """
    if thing is None or thing == "serial":
        return Serial()
    if isinstance(thing, str):
        return _from_text(thing.strip())
    if isinstance(thing, int) and not isinstance(thing, bool):
        return Children(thing)
    if isinstance(thing, Executor):
        from parametra.runs.pool_executor import OnExecutor

        return OnExecutor(thing)
    if any(each.__module__.partition(".")[0] == "distributed" for each in type(thing).__mro__):
        from parametra.runs.pool_dask import OnDask

        return OnDask(thing)
    if not isinstance(thing, type) and isinstance(thing, Pool):
        return thing
    raise MethodError(f"pool is {_WAYS}; came {type(thing).__name__}.")


def _from_text(text: str) -> Pool:
    if text.isascii() and text.isdigit():
        return Children(int(text))
    if text.startswith("dask://"):
        from parametra.runs.pool_dask import OnDask

        return OnDask(text)
    if text.startswith("ray://"):
        from parametra.runs.pool_ray import OnRay

        return OnRay(text)
    raise MethodError(f'pool is {_WAYS}; came "{text}".')
