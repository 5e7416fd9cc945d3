"""What a person may say for a pool."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from parametra.nouns.errors import MethodError
from parametra.runs.choose_pool import choose_pool
from parametra.runs.pool import Serial
from parametra.runs.pool_children import Children
from parametra.runs.pool_executor import OnExecutor


@pytest.mark.parametrize("thing", [None, "serial"])
def test_nothing_means_this_process(thing):
    assert isinstance(choose_pool(thing), Serial)


@pytest.mark.parametrize(
    ("thing", "name"), [(1, "1 process"), (3, "3 processes"), ("8", "8 processes"), (" 2 ", "2 processes")]
)
def test_a_number_means_processes(thing, name):
    pool = choose_pool(thing)
    assert isinstance(pool, Children) and pool.name == name


def test_an_executor_and_a_pool_are_taken():
    with ThreadPoolExecutor(3) as executor:
        pool = choose_pool(executor)
        assert isinstance(pool, OnExecutor) and pool.size == 3
        assert choose_pool(pool) is pool


@pytest.mark.parametrize("thing", ["", "many", "-2", "2.5", "³", "slurm://a", True, 2.5, object(), Serial, [2]])
def test_anything_else_is_told(thing):
    with pytest.raises(MethodError, match=r'pool is "serial", a number of processes, "dask://host:port" .*; came '):
        choose_pool(thing)


@pytest.mark.parametrize("thing", [0, "0", -3])
def test_no_processes_are_told(thing):
    with pytest.raises(MethodError, match="the number of processes is 1 or more; came"):
        choose_pool(thing)
