"""The models of the encoder section of a run config."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from seqtwin.guards import largest
from seqtwin.validation import Part, Strict


class LexicalConfig(Strict):
    """The lexical channel: words and character n-grams, weighted as by TF-IDF, beside the recurrent network."""

    dim: int = Field(512, ge=8, le=8192, description="width of its part of the vector")
    share: float = Field(0.5, gt=0, le=1, description="its share in the similarity at first; 1: no recurrent network")
    mapped: bool = Field(True, description="train a linear map of its vectors, which starts as the identity")
    trained: bool = Field(True, description="train the weights of n-grams, which start as inverse document frequencies")


class KernelsConfig(Strict):
    """The kernel channel: convolution kernels of fixed weights over a series, beside the recurrent network."""

    features: int = Field(1008, ge=84, le=50_400, description="84 kernels, as often as this number allows")
    dim: int = Field(128, ge=8, le=1000, description="width of its part of the vector: principal components")
    share: float = Field(0.5, gt=0, le=1, description="its share in the similarity at first; 1: no recurrent network")
    mapped: bool = Field(True, description="train a linear map of its vectors, which starts as the identity")


class EncoderConfig(Strict):
    """Embedding (or input projection of series) and recurrent cell.

    `from`: a run or encoder folder to start training from. Its tokens and the shape of its encoder are used.
    """

    model_config = ConfigDict(**Strict.model_config, serialize_by_alias=True)

    start: str | None = Field(None, alias="from", description="run or encoder folder to start from (pre-training)")
    frozen: bool = Field(False, description="with from: keep the weights of the encoder fixed")
    cell: Part = "lstm"
    embedding: int = Field(128, ge=1, le=largest.WIDTH)
    hidden: int = Field(128, ge=1, le=largest.WIDTH)
    layers: int = Field(1, ge=1, le=largest.LAYERS)
    bidirectional: bool = True
    dropout: float = Field(0.0, ge=0, lt=1)
    padding: Literal["masked", "read"] = "masked"
    vectors: str | None = Field(None, description="initial word vectors: a text or .bin file, or the folder of a model")
    known_words: int | None = Field(
        None, ge=0, le=largest.VOCABULARY, description="with vectors: known words beyond train; null: 50,000"
    )
    vectors_frozen: bool = Field(False, description="with vectors: the word vectors are not trained")
    vectors_pca: bool = Field(False, description="with vectors: reduce wider ones to `embedding` by PCA")
    spelling: int = Field(
        32, ge=1, le=largest.WIDTH, description="with tokens.characters: width of the vector of a word's letters"
    )
    lexical: LexicalConfig | None = Field(None, description="words and character n-grams beside the recurrent network")
    kernels: KernelsConfig | None = Field(None, description="series: convolution kernels beside the recurrent network")
    embedding_std: float = Field(1.0, gt=0, le=1000, description="standard deviation of the initial embeddings")
    word_dropout: float = Field(0.0, ge=0, lt=1, description="share of training tokens replaced by the unknown token")
    input_dropout: float = Field(0.0, ge=0, lt=1, description="dropout rate of the embedded inputs in training")
    scaling: Literal["standard", "none"] = Field(
        "standard", description="series: scale each channel to mean 0 and standard deviation 1 on the training data"
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_directions(cls, raw: object) -> object:
        """Without recurrence there are no directions, and a grid can vary the cell alone."""
        none = isinstance(raw, dict) and raw.get("cell") in ("none", {"name": "none"})
        return {**raw, "bidirectional": False} if none and isinstance(raw, dict) else raw

    @model_validator(mode="after")
    def _check_frozen(self) -> "EncoderConfig":
        if self.frozen and self.start is None:
            raise ValueError("frozen: true requires `from`; otherwise the encoder would never be trained")
        return self

    @model_validator(mode="after")
    def _check_vectors(self) -> "EncoderConfig":
        if self.start is not None and self.vectors is not None:
            raise ValueError("vectors cannot be combined with `from`, whose encoder has its own word vectors")
        if self.vectors is None and (self.known_words or self.vectors_frozen or self.vectors_pca):
            raise ValueError("known_words, vectors_frozen and vectors_pca require vectors")
        return self

    @model_validator(mode="after")
    def _check_lexical_vectors(self) -> "EncoderConfig":
        if self.vectors is not None and self.lexical is not None and self.lexical.share == 1:
            raise ValueError("vectors have no effect with lexical.share: 1, which leaves out the recurrent network")
        return self

    @model_validator(mode="after")
    def _check_dropout(self) -> "EncoderConfig":
        if self.dropout and self.layers == 1:
            raise ValueError("dropout applies between layers, so it has no effect with layers: 1")
        return self
