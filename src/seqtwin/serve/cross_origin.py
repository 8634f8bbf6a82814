"""Requests from the web pages of other sites (CORS), for the origins that the user allows."""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from seqtwin.errors import ConfigError
from seqtwin.serve.response_warnings import HEADER
from seqtwin.serve.responses import FIXED_HEADERS, RefusedError, error_response

# every page of every site; and that of files, of sandboxed frames and of redirections
ANY_PAGE = frozenset({"*", "null"})
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+")


def check_origins(origins: Sequence[str], *, has_key: bool) -> None:
    """Check the origins that may use a service. `has_key`: whether its requests need an API key.

    Raises: ConfigError for an invalid origin, and for every page (`*` or `null`) without an API key.

    >>> check_origins(["https://app.example", "http://localhost:5173"], has_key=False)
    """
    place = "--allow-origin"
    for origin in origins:
        if origin in ANY_PAGE and not has_key:
            cause = f"'{origin}' allows every page that is open in a browser here, and the service has no API key"
            raise ConfigError("SERVE_ORIGIN", cause, place=place, remedy="name the origins, or set SEQTWIN_API_KEY")
        if origin not in ANY_PAGE and not _ORIGIN.fullmatch(origin):
            cause = f"'{origin}' is not an origin: a scheme, a host in lower case and a port, without a path"
            raise ConfigError("SERVE_ORIGIN", cause, place=place, remedy="for example https://app.example")


class CrossOrigin(CORSMiddleware):
    """Starlette's middleware with the headers and the errors of this service.

    It comes before the guard: a browser sends no key with the question whether a request is allowed, and has to be
    able to read the guard's errors.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        exposed = ("retry-after", HEADER)
        super().__init__(app, origins, ("GET", "POST"), allow_headers=("*",), expose_headers=exposed)
        self.allow_private_network = True  # a public page that is allowed may use a service on this machine

    def preflight_response(self, request_headers: Headers) -> Response:
        """The response to the question whether a page may send a request."""
        found = super().preflight_response(request_headers)
        if found.status_code != 200:
            remedy = "start the service with --allow-origin ORIGIN"
            found = error_response(RefusedError(403, "ORIGIN", "this page is not allowed here", remedy=remedy), "")
        found.raw_headers.extend(FIXED_HEADERS)
        return found
