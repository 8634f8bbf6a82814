"""Every block of docs/recipes.md runs, in order, in one folder; what is not run says why, and at least parses.

The blocks of clients run against a service in a process of its own.
"""

import asyncio
import os
import re
import subprocess
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from optional import library
from serve.served_process import served
from test_readme import Block, blocks_of

RECIPES = Path(__file__).parent.parent / "docs" / "recipes.md"
BLOCKS = blocks_of(RECIPES.read_text(encoding="utf-8"))


ADDRESS = "http://127.0.0.1:8000"
CLIENTS = ("openai", "langchain_openai", "llama_index.embeddings.openai", "litellm")
STORES = ("qdrant_client", "lancedb")
FRAMEWORKS = ("langchain_core", "llama_index.core")


def is_run(block: Block) -> bool:
    return (block.note or ("", ""))[0] != "not run"


def client_of(block: Block) -> str:
    """The client that a block imports; empty if it needs none."""
    if block.note != ("needs", "clients"):
        return ""
    [found] = [name for name in CLIENTS if re.search(rf"^(from|import) {re.escape(name)}\b", block.body, re.M)]
    return found


def store_of(block: Block) -> str:
    """The vector store or framework that a block needs; empty if it needs none."""
    key, value = block.note or ("", "")
    return value if key == "needs" and value in (*STORES, *FRAMEWORKS) else ""


def run_python(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, object] = {"__name__": "recipes"}
    for block in BLOCKS:
        if block.language == "python" and is_run(block) and not client_of(block) and not store_of(block):
            exec(compile("\n" * block.line + block.body, RECIPES.name, "exec"), names)


def run_blocks(library_name: str) -> dict[str, Any]:
    """Run the first block of the page, and the one that needs this library; returns their names."""
    names: dict[str, Any] = {"__name__": "recipes"}
    [block] = [block for block in BLOCKS if store_of(block) == library_name]
    for one in (BLOCKS[0], block):
        exec(compile("\n" * one.line + one.body, RECIPES.name, "exec"), names)
    return names


def run_apart(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine, from a thread of its own: the clients leave an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recipes")
    tiny.saved_encoder(root / "encoder")
    return root


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_every_python_block_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_python(folder, monkeypatch)
    assert (folder / "names.csv").exists()


@pytest.mark.parametrize("block", [b for b in BLOCKS if not is_run(b)], ids=lambda b: f"line {b.line}")
def test_a_block_that_is_not_run_says_why_and_parses(block: Block) -> None:
    assert len((block.note or ("", ""))[1].split()) >= 2
    assert block.language in {"python", "sql", "bash", "js"}
    if block.language == "python":
        compile(block.body, RECIPES.name, "exec")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(str(folder / "encoder")) as (_, found):
        yield found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_gets_the_vectors_of_the_encoder(
    client: str, folder: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # the block sets it, too
    library(client)
    monkeypatch.chdir(folder)
    names: dict[str, object] = {"__name__": "recipes"}
    [block] = [block for block in BLOCKS if client_of(block) == client]
    for one in (BLOCKS[0], block):
        text = one.body.replace(ADDRESS, address)
        exec(compile("\n" * one.line + text, RECIPES.name, "exec"), names)
    assert ADDRESS in block.body
    assert "assert np.allclose(" in block.body


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("store", STORES)
def test_a_store_finds_the_nearest_names(store: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library(store)
    monkeypatch.chdir(folder)
    names = run_blocks(store)
    encoder, texts, vectors = (names[name] for name in ("encoder", "names", "vectors"))
    order = np.argsort(-encoder.similarity(vectors[2:3], vectors)[0])[:3]
    found = [hit["name"] if store == "lancedb" else hit.payload["name"] for hit in names["found"]]
    assert found == [texts[row] for row in order]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_finds_the_nearest_names(framework: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library(framework)
    monkeypatch.chdir(folder)
    names = run_blocks(framework)
    encoder, found = names["encoder"], names["found"]
    scores = encoder.score(["cafe"] * 5, names["names"])
    assert [score for _, score in found] == pytest.approx(sorted(scores, reverse=True)[:3], abs=1e-5)
    assert encoder.score(["cafe"] * 3, [text for text, _ in found]) == pytest.approx([s for _, s in found], abs=1e-5)


def test_langchain_searches_asynchronously_only_with_its_base_class(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # langchain-core 1.8: a vector store calls aembed_query, which only the base class has
    library("langchain_core")
    monkeypatch.chdir(folder)
    names = run_blocks("langchain_core")
    assert run_apart(names["store"].asimilarity_search("cafe", k=1))[0].page_content == "cafe"
    plain = type(
        "Plain",
        (),
        {name: getattr(names["SeqTwinEmbeddings"], name) for name in ("embed_documents", "embed_query", "__init__")},
    )
    store = names["InMemoryVectorStore"].from_texts(names["names"], plain("encoder"))
    assert store.similarity_search("cafe", k=1)[0].page_content == "cafe"
    with pytest.raises(AttributeError, match="aembed_query"):
        run_apart(store.asimilarity_search("cafe", k=1))


def test_llama_index_takes_no_embeddings_of_langchain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # llama-index-core 0.14: without llama-index-embeddings-langchain it takes its own base class only
    embeddings = library("llama_index.core.embeddings")
    library("langchain_core")
    monkeypatch.chdir(folder)
    other = run_blocks("langchain_core")["SeqTwinEmbeddings"]("encoder")
    with pytest.raises(AssertionError):
        embeddings.resolve_embed_model(other)


@pytest.mark.filterwarnings("ignore")
def test_clients_return_an_empty_list_for_a_blank_text(address: str) -> None:
    texts, base, lengths = ["abcd", "", "face"], f"{address}/v1", [5, 0, 5]
    openai, langchain, llama = (library(name) for name in CLIENTS[:3])
    for form in ({}, {"encoding_format": "float"}):
        answer = openai.OpenAI(base_url=base, api_key="none").embeddings.create(model="any", input=texts, **form)
        assert [len(row.embedding) for row in answer.data] == lengths
        assert [(warning["code"], warning["rows"]) for warning in answer.warnings] == [("TEXT_BLANK", [1])]
    embeddings = langchain.OpenAIEmbeddings(
        model="any", base_url=base, api_key="none", check_embedding_ctx_length=False
    )
    assert [len(vector) for vector in embeddings.embed_documents(texts)] == lengths
    assert len(embeddings.embed_documents(["abcd"] * 2500)) == 2500  # in requests of 1,000
    embedding = llama.OpenAIEmbedding(model_name="any", api_base=base, api_key="none")
    assert [len(vector) for vector in embedding.get_text_embedding_batch(texts)] == lengths


@pytest.mark.parametrize(("ci", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_an_absent_client_is_a_failure_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="seqtwin\\[dev\\]"):
        library("no_such_client")


def test_everything_else_is_python_that_runs() -> None:
    assert {block.language for block in BLOCKS if is_run(block)} == {"python"}


@pytest.mark.skipif("SEQTWIN_POSTGRES" not in os.environ, reason="SEQTWIN_POSTGRES names no server")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_postgresql_server_gives_the_scores_of_the_encoder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seqtwin.inference.trained_encoder import load

    (sql,) = (b.body for b in BLOCKS if b.language == "sql" and "SEQTWIN_POSTGRES" in (b.note or ("", ""))[1])
    if not (folder / "names.csv").exists():
        run_python(folder, monkeypatch)
    command = ["psql", os.environ["SEQTWIN_POSTGRES"], "-qAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
    done = subprocess.run(command, input=sql, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = {name: float(score) for name, score in (line.split("\t") for line in done.stdout.splitlines())}
    assert len(found) == 5
    encoder = load(folder / "encoder")
    assert list(found.values()) == sorted(found.values(), reverse=True)
    for name, score in found.items():
        assert score == pytest.approx(encoder.score("cafe", name)[0], abs=1e-6)
