"""Messages between a process that runs calls and the one that asks: tuples, each behind its length.

Both ends are one program of one person, joined by a pair of sockets that nobody else can open, so messages are pickles.
"""

from __future__ import annotations

import pickle
import socket
import struct
from collections.abc import Sequence
from typing import Any

Message = tuple[Any, ...]

_LENGTH = struct.Struct("<Q")
_CHUNK = 1 << 18


def packed(message: Message) -> list[bytes]:
    """A message as the bytes that travel, in two pieces: what is large is not copied once more."""
    body = pickle.dumps(message, protocol=5)
    return [_LENGTH.pack(len(body)), body]


def write(connection: socket.socket, pieces: Sequence[bytes]) -> None:
    """Send what `packed` gave, and wait until it is sent."""
    first, body = pieces
    if len(body) < _CHUNK:
        connection.sendall(first + body)
        return
    connection.sendall(first)
    connection.sendall(body)


def read(connection: socket.socket) -> Message | None:
    """Wait for the next message; None when the other end is gone."""
    head = _exactly(connection, _LENGTH.size)
    body = None if head is None else _exactly(connection, _LENGTH.unpack(head)[0])
    return None if body is None else pickle.loads(body)  # noqa: S301  see the top of the file


def _exactly(connection: socket.socket, count: int) -> bytearray | None:
    found = bytearray(count)
    left = memoryview(found)
    while left:
        try:
            taken = connection.recv_into(left)
        except ConnectionError:
            return None
        if not taken:
            return None
        left = left[taken:]
    return found


class Incoming:
    """Pieces as they arrive, put together to messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def messages(self, piece: bytes) -> list[Message]:
        """The messages that are whole with this piece."""
        self._bytes += piece
        found: list[Message] = []
        while len(self._bytes) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._bytes)[0]
            if len(self._bytes) < end:
                break
            with memoryview(self._bytes) as view, view[_LENGTH.size : end] as body:
                found.append(pickle.loads(body))  # noqa: S301  see the top of the file
            del self._bytes[:end]
        return found
