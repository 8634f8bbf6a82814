"""The files of `encode` in real stores, each in one line; and what each store does with a zero vector."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
from optional import library
from seqtwin.inference.blank_texts import zero_line
from seqtwin.inference.encode_files import encode_file
from seqtwin.inference.trained_encoder import TrainedEncoder, load

NAMES = ["abcd", "abba", "cafe", "face", "deaf", "", "bead", "fade"]
QUERY = "cafe"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    return load(tiny.saved_encoder(tmp_path_factory.mktemp("stores") / "encoder"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder: TrainedEncoder) -> Path:
    root = tmp_path_factory.mktemp("vectors")
    pd.DataFrame({"id": range(8), "name": NAMES, "city": list("abcdefgh")}).to_csv(root / "names.csv", index=False)
    for ending in ("parquet", "csv"):
        encode_file(encoder, root / "names.csv", root / f"vectors.{ending}", column="name")
    return root


@pytest.fixture(scope="module")
def best(encoder: TrainedEncoder) -> list[str]:
    """The names by similarity to the query, best first, without the blank one."""
    known = [name for name in NAMES if name]
    scores = encoder.score([QUERY] * len(known), known)
    return [known[row] for row in np.argsort(-scores, kind="stable")]


def test_pandas(folder: Path, encoder: TrainedEncoder) -> None:
    found = pd.read_parquet(folder / "vectors.parquet").dropna(subset="vector")
    np.testing.assert_allclose(np.stack(found["vector"]), encoder.encode(found["name"]), atol=1e-6)


def test_polars(folder: Path, encoder: TrainedEncoder) -> None:
    polars = library("polars")
    found = polars.read_parquet(folder / "vectors.parquet").drop_nulls("vector")
    assert found.schema["vector"] == polars.Array(polars.Float32, encoder.dim)
    np.testing.assert_allclose(found["vector"].to_numpy(), encoder.encode(found["name"].to_list()), atol=1e-6)


def test_duckdb(folder: Path, encoder: TrainedEncoder, best: list[str]) -> None:
    duckdb = library("duckdb")
    query = encoder.encode(QUERY)[0].tolist()
    order = f"array_cosine_similarity(vector::FLOAT[{encoder.dim}], ?::FLOAT[{encoder.dim}])"
    sql = f"SELECT name, city FROM '{folder / 'vectors.parquet'}' WHERE vector IS NOT NULL ORDER BY {order} DESC"
    rows = duckdb.execute(sql, [query]).fetchall()
    assert [name for name, _ in rows] == best
    assert dict(rows)["face"] == "d"
    assert duckdb.execute(f"SELECT count(d0) FROM '{folder / 'vectors.csv'}'").fetchall() == [(7,)]


def test_lancedb(folder: Path, tmp_path: Path, encoder: TrainedEncoder, best: list[str]) -> None:
    lancedb, parquet = library("lancedb"), library("pyarrow.parquet")
    read = parquet.read_table(folder / "vectors.parquet")
    table = lancedb.connect(tmp_path).create_table("names", read, on_bad_vectors="drop")  # the row without a text
    found = table.search(encoder.encode(QUERY)[0]).distance_type("cosine").limit(10).to_list()
    assert [row["name"] for row in found] == best
    assert found[0]["city"] == "c"


def test_qdrant(folder: Path, encoder: TrainedEncoder, best: list[str]) -> None:
    qdrant, models = library("qdrant_client"), library("qdrant_client.models")
    frame = pd.read_parquet(folder / "vectors.parquet").dropna(subset="vector")
    client = qdrant.QdrantClient(":memory:")
    shape = models.VectorParams(size=encoder.dim, distance=models.Distance.COSINE)
    client.create_collection("names", vectors_config=shape)
    payload = frame.drop(columns="vector").to_dict("records")
    client.upload_collection("names", np.stack(frame["vector"]), payload, ids=range(len(frame)))
    found = client.query_points("names", encoder.encode(QUERY)[0].tolist(), limit=10).points
    assert [point.payload["name"] for point in found] == best


ZERO = np.array([[1, 0], [0, 0], [-1, 0.1]], dtype=np.float32)


def test_the_note_on_zero_vectors_is_true_of_duckdb() -> None:
    duckdb = library("duckdb")
    frame = pd.DataFrame({"row": [0, 1, 2], "vector": ZERO.tolist()})  # noqa: F841 - duckdb finds it by its name
    sql = "SELECT row, array_cosine_similarity(vector::FLOAT[2], [1, 0]::FLOAT[2]) s FROM frame ORDER BY s DESC"
    rows = duckdb.execute(sql).fetchall()
    assert rows[0][0] == 1
    assert np.isnan(rows[0][1])
    assert "DuckDB returns NaN and sorts it first" in zero_line(1, 3)


def test_the_note_on_zero_vectors_is_true_of_lancedb(tmp_path: Path) -> None:
    lancedb, arrow = library("lancedb"), library("pyarrow")
    vectors = arrow.FixedSizeListArray.from_arrays(arrow.array(ZERO.ravel()), 2)
    table = lancedb.connect(tmp_path).create_table("zero", arrow.table({"row": [0, 1, 2], "vector": vectors}))
    found = table.search([1.0, 0.0]).distance_type("cosine").limit(10).to_list()
    assert [row["row"] for row in found] == [0, 2]
    assert "LanceDB leaves the row out" in zero_line(1, 3)


def test_the_note_on_zero_vectors_is_true_of_qdrant() -> None:
    qdrant, models = library("qdrant_client"), library("qdrant_client.models")
    client: Any = qdrant.QdrantClient(":memory:")
    shape = models.VectorParams(size=2, distance=models.Distance.COSINE)
    client.create_collection("zero", vectors_config=shape)
    client.upload_collection("zero", ZERO, ids=range(3))
    found = client.query_points("zero", [1.0, 0.0], limit=10).points
    assert [(point.id, round(point.score, 3)) for point in found] == [(0, 1.0), (1, 0.0), (2, -0.995)]
    assert "Qdrant scores it 0" in zero_line(1, 3)
