"""Who may use the service: the accepted host names, the API key, and pages of other sites."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from seqtwin.errors import ConfigError
from seqtwin.serve.cross_origin import check_origins
from seqtwin.serve.responses import RefusedError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
OPEN = frozenset({"/healthz", "/readyz"})  # probes have no key, and learn only whether the service is alive
SHORTEST_KEY = 16
NEW_KEY = 'make one: python -c "import secrets; print(secrets.token_urlsafe())"'


@dataclass(frozen=True)
class Access:
    """The checks of a request before its body is read.

    `hosts`: the accepted host names, None for any. They keep a foreign web page from reaching a loopback service under
    its own name. `api_key`: what a request must contain as `Authorization: Bearer KEY`, None for no key. `origins`:
    the sites whose pages may use the service from a browser.

    Raises: ConfigError for a key that is short, or not of printable ASCII characters without blanks; for an invalid
    origin.
    """

    hosts: frozenset[str] | None
    api_key: str | None = None
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        key = self.api_key
        check_origins(self.origins, has_key=key is not None)
        if key is None:
            return
        if len(key) < SHORTEST_KEY or not all("!" <= character <= "~" for character in key):
            cause = f"the API key must have {SHORTEST_KEY} or more ASCII characters, and no blanks"
            raise ConfigError("SERVE_KEY", cause, place="--api-key or SEQTWIN_API_KEY", remedy=NEW_KEY)

    def check(self, headers: Mapping[bytes, str], path: str) -> None:
        """Check the host name and the key of a request. Raises: RefusedError (421 or 401)."""
        host = headers.get(b"host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self.hosts is not None and name.lower() not in self.hosts:
            cause = "the Host header is not a name of this service"
            raise RefusedError(421, "WRONG_HOST", cause, remedy="call it as 127.0.0.1 or localhost")
        if path not in OPEN and not self.knows(headers.get(b"authorization", "")):
            cause = "the API key is missing or wrong"
            raise RefusedError(401, "API_KEY", cause, remedy="send the header Authorization: Bearer KEY")

    def knows(self, authorization: str) -> bool:
        """Whether the value of an Authorization header has the key. Always true without a key.

        >>> access = Access(None, "a-key-of-16-letters")
        >>> access.knows("Bearer a-key-of-16-letters"), access.knows("Bearer a-key"), access.knows("")
        (True, False, False)
        """
        if self.api_key is None:
            return True
        scheme, _, given = authorization.partition(" ")
        # digests have equal lengths, so the time of the comparison reveals nothing about the key
        both = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given.strip(), self.api_key)]
        return hmac.compare_digest(*both) and scheme.lower() == "bearer"
