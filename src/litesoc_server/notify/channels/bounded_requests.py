"""The library requests as Apprise's plugins use it, but for how much of an answer is read.

requests reads and unpacks all that a server sends. A server of somebody's own may send without end, or a gigabyte packed
into a megabyte, and would fill the memory that all organisations share.
"""

import sys
from typing import Any

import requests
from apprise.plugins import NotifyBase

READ_BYTES_MAX = 1024 * 1024  # unpacked; of all answers that plugins read, Mattermost's lists of channels are the longest
_CHUNK_BYTES = 16 * 1024


class BoundedRequests:
    """Stands for the module in a plugin's own module."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 # status codes, exceptions: whatever the module has
        return getattr(requests, name)

    def get(self, url: str, **named: Any) -> requests.Response:  # noqa: ANN401 # as requests.get
        """Do as ``requests.get`` does."""
        return requests.get(url, hooks={"response": _read_some}, **named)  # noqa: S113 # plugins give their timeout

    def post(self, url: str, **named: Any) -> requests.Response:  # noqa: ANN401 # as requests.post
        """Do as ``requests.post`` does."""
        return requests.post(url, hooks={"response": _read_some}, **named)  # noqa: S113 # same


_BOUNDED = BoundedRequests()


def bound_answers(plugin: NotifyBase) -> None:
    """Have all plugins of this kind read no more than READ_BYTES_MAX of an answer. Each module imports requests."""
    module: Any = sys.modules[type(plugin).__module__]
    module.requests = _BOUNDED


def _read_some(response: requests.Response, **_: Any) -> None:  # noqa: ANN401 # a hook gets whatever the request was given
    content = b""
    for chunk in response.iter_content(_CHUNK_BYTES):
        content += chunk
        if len(content) >= READ_BYTES_MAX:
            break
    # What requests itself would have read. It has no public way to be given it.
    response._content, response._content_consumed = content[:READ_BYTES_MAX], True  # noqa: SLF001
    response.close()
