"""Who may use the service: the API key, and the addresses on which it listens without one."""

import asyncio
import hmac
import inspect
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from served_client import CORPUS, get, post, tiny_encoder
from served_process import command as started
from served_process import limited, raw, served
from test_guard import Client, Echo, guarded
from typer.testing import CliRunner

import tiny
from seqtwin.cli.serve import serve as command
from seqtwin.errors import ConfigError
from seqtwin.index.index import Index
from seqtwin.serve.access import Access
from seqtwin.serve.app import create_app
from seqtwin.serve.server import serve

KEY = "the-key-of-the-test-0123456789"
PAIRS = {"pairs": [["a", "b"]]}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    encoder = tiny_encoder(tmp_path_factory.mktemp("access"))
    return create_app(encoder, Index.build(encoder, CORPUS), name="tiny", api_key=KEY)


@pytest.mark.parametrize(
    "sent",
    ["", "Bearer", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", f"Basic {KEY}", KEY, "Bearer " + "x" * 900],
)
def test_a_request_without_the_key_is_401_with_the_one_shape(app: Any, sent: str) -> None:
    answer = post(app, "/similarity", PAIRS, authorization=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert set(answer.json()["error"]) == {"code", "message", "remedy"}
    assert answer.json()["error"]["code"] == "API_KEY"
    assert KEY not in answer.text


@pytest.mark.parametrize("sent", [f"Bearer {KEY}", f"bearer {KEY}", f"Bearer  {KEY} "])
def test_with_the_key_it_is_answered(app: Any, sent: str) -> None:
    assert post(app, "/similarity", PAIRS, authorization=sent).status_code == 200
    assert get(app, "/metrics", authorization=sent).status_code == 200
    assert get(app, "/readyz", authorization=sent).json()["model"] == "tiny"


def test_probes_need_no_key_and_learn_nothing_else(app: Any) -> None:
    assert get(app, "/healthz").json() == {"status": "alive"}
    assert get(app, "/readyz").json() == {"status": "ready"}
    for path in ("/", "/metrics", "/v1/embeddings", "/no/such/path"):
        assert get(app, path).status_code == 401


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_browser_without_the_key_gets_a_page_with_a_field_for_it(app: Any, path: str) -> None:
    browser = "text/html,application/xhtml+xml,*/*;q=0.8"
    answer = get(app, path, accept=browser)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"].startswith("text/html")
    assert 'type="password"' in answer.text
    assert "tiny" not in answer.text
    assert get(app, path).json()["error"]["code"] == "API_KEY"
    assert get(app, "/metrics", accept=browser).json()["error"]["code"] == "API_KEY"
    opened = get(app, path, accept=browser, authorization=f"Bearer {KEY}")
    assert opened.status_code == 200
    assert "tiny" in opened.text


def test_without_a_key_to_require_a_key_that_is_sent_does_no_harm(tmp_path: Path) -> None:
    app = create_app(tiny_encoder(tmp_path), name="tiny")
    assert post(app, "/similarity", PAIRS, authorization="Bearer sk-any").status_code == 200


def test_the_body_of_a_request_without_the_key_is_not_read() -> None:
    app = Echo()
    client = Client([b"x" * 100])
    assert asyncio.run(client.ask(guarded(app, api_key=KEY)[0])) == 401
    assert (client.read, app.begun) == (0, 0)
    assert client.answered[b"connection"] == b"close"


def test_keys_are_compared_by_digests_of_one_length(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((len(a), len(b)))
        return a == b

    monkeypatch.setattr(hmac, "compare_digest", compare)
    access = Access(None, KEY)
    assert [access.knows(f"Bearer {key}") for key in ("", "é\ud800", KEY, KEY * 9)] == [False, False, True, False]
    assert compared == [(32, 32)] * 4
    assert "==" not in "".join(line for line in inspect.getsource(Access.knows).splitlines() if "api_key" in line)


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 15, "with a blank in the key", "schlüssel-mit-umlaut", "tab\tin-the-key-0000"]
)
def test_a_key_that_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Access(None, key)
    assert (caught.value.code, caught.value.exit_code) == ("SERVE_KEY", 2)
    assert "secrets.token_urlsafe" in caught.value.remedy


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "machine.example"])
def test_other_addresses_than_loopback_need_a_key_before_anything_is_opened(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        serve(tmp_path / "no-such-folder", host, 0, print)
    assert (caught.value.code, caught.value.exit_code, caught.value.place) == ("SERVE_INSECURE", 2, host)
    for given in ({"api_key": KEY}, {"insecure": True}):
        with pytest.raises(ConfigError) as caught:  # the next check: there is no encoder
            serve(tmp_path / "no-such-folder", host, 0, print, **given)  # type: ignore[arg-type]
        assert caught.value.code != "SERVE_INSECURE"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, list[Any]]]:
    """The result of the command, and what it passes to the service."""

    def asked(*arguments: str, env: dict[str, str] | None = None) -> tuple[Any, list[Any]]:
        passed: list[Any] = []
        monkeypatch.setattr("seqtwin.serve.server.serve", lambda *given, **options: passed.append((given[1], options)))
        monkeypatch.delenv("SEQTWIN_API_KEY", raising=False)
        app = typer.Typer()
        app.command()(command)
        return CliRunner().invoke(app, ["folder", *arguments], env=env), passed

    return asked


def test_the_command_takes_the_key_from_the_option_or_the_environment(ask: Any) -> None:
    plain = {"api_key": None, "insecure": False, "origins": ()}
    assert ask()[1] == [("127.0.0.1", plain)]
    assert ask("--api-key", KEY)[1] == [("127.0.0.1", {**plain, "api_key": KEY})]
    assert ask(env={"SEQTWIN_API_KEY": KEY})[1] == [("127.0.0.1", {**plain, "api_key": KEY})]
    assert ask(env={"SEQTWIN_API_KEY": ""})[1] == [("127.0.0.1", plain)]
    pages = ["https://a.example", "http://localhost:5173"]
    asked = [word for page in pages for word in ("--allow-origin", page)]
    assert ask(*asked)[1] == [("127.0.0.1", {**plain, "origins": pages})]
    result, passed = ask("--host", "0.0.0.0", "--insecure")
    assert passed == [("0.0.0.0", {**plain, "insecure": True})]
    assert "other machines can reach 0.0.0.0" in result.output


def test_the_command_refuses_in_one_message_with_exit_code_2(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    run = subprocess.run(
        started(str(folder), "--host", "0.0.0.0", "--port", "0"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={key: value for key, value in os.environ.items() if key != "SEQTWIN_API_KEY"},
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("SERVE_INSECURE") == 1
    assert "Traceback" not in run.stderr


def test_on_a_socket_the_key_is_needed_and_every_refusal_has_one_shape(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    program = limited(connections=3).replace("limits=limits)", f"limits=limits, api_key={KEY!r})")
    with served(str(folder), start=program) as (_, address):
        assert httpx.post(f"{address}/similarity", json=PAIRS).status_code == 401
        answer = httpx.post(f"{address}/similarity", json=PAIRS, headers={"authorization": f"Bearer {KEY}"})
        assert answer.status_code == 200
        head, _, body = raw(address, b"NO HTTP AT ALL\r\n\r\n").partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request")
        assert b"x-content-type-options: nosniff" in head.lower()
        assert httpx.Response(400, content=body).json()["error"]["code"] == "BAD_REQUEST"
        with httpx.Client() as one, httpx.Client() as two, httpx.Client() as three, httpx.Client() as fourth:
            statuses = [client.get(f"{address}/healthz").status_code for client in (one, two, three)]
            crowded = fourth.get(f"{address}/healthz")
        assert statuses == [200, 200, 200]
        assert (crowded.status_code, crowded.headers["retry-after"]) == (503, "1")
        assert crowded.json()["error"]["code"] == "BUSY"
