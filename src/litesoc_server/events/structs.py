"""How structs are read: through a reader made at import.

msgspec prepares what it knows of a struct type when that type is first read, and two threads that do so at once crash the
process (segmentation fault in `convert`, seen with msgspec 0.22: the type is published before it is complete). Whatever is
made while a module is imported is complete before any thread can use it. So `msgspec.convert` and the `decode` functions
are banned by the linter; module-level decoders and the function below take their place.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")


def converter(struct: type[T]) -> Callable[[object], T]:
    """Return a function that turns builtins (what JSON decodes to) into ``struct``. Call it at module level.

    The function is safe in any thread; it raises msgspec.ValidationError.
    """
    msgspec.json.Decoder(struct)  # prepares the type and everything in it

    def convert(value: object) -> T:
        return msgspec.convert(value, struct)  # noqa: TID251 # the type is complete by now

    return convert
