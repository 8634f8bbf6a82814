"""The models of the fit section of a run config."""

from typing import Literal

from pydantic import Field

from seqtwin.config.augment_section import AugmentConfig, HardNegativesConfig
from seqtwin.guards import largest
from seqtwin.validation import Part, Strict

LARGEST_SEED = 2**63 - 2  # the parts above the encoder use the next seed


class RatesConfig(Strict):
    """The learning rate of each part of the model, as a multiple of `fit.lr`."""

    embedding: float = Field(1.0, gt=0, description="embeddings, letters of words, or input map of series")
    recurrent: float = Field(1.0, gt=0, description="the recurrent cell")
    representation: float = Field(1.0, gt=0, description="a representation with weights, such as attention_output")
    projection: float = Field(1.0, gt=0)
    similarity: float = Field(1.0, gt=0, description="a similarity with weights, such as a learned temperature")
    lexical: float = Field(1.0, gt=0, description="weights of n-grams, their map and their share")
    kernels: float = Field(1.0, gt=0, description="the map of convolution kernels and their share")
    head: float = Field(1.0, gt=0, description="the head of an objective, or the map to a teacher")
    loss: float = Field(1.0, gt=0, description="a loss with weights")

    def changed(self) -> dict[str, float]:
        """The rates other than 1, by part.

        >>> RatesConfig(embedding=0.1).changed()
        {'embedding': 0.1}
        """
        return {name: rate for name, rate in self.model_dump().items() if rate != 1}


class FitConfig(Strict):
    """How the encoder is trained."""

    epochs: int = Field(10, ge=1, le=largest.EPOCHS)
    batch: int = Field(64, ge=1, le=largest.BATCH)
    lr: float = Field(0.002, gt=0)
    layer_decay: float = Field(
        1.0, gt=0, le=1, description="learning rate of each layer, as a share of that of the layer above"
    )
    rates: RatesConfig = RatesConfig()
    optimizer: Literal["adam", "adamw"] = "adam"
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = Field(0.0, ge=0, lt=1, description="share of all steps in which the learning rate rises from 0")
    clip: float | None = Field(1.0, gt=0, description="largest gradient norm; null: no clipping")
    patience: int | None = Field(
        5, ge=1, le=largest.EPOCHS, description="epochs without a better dev metric before stopping; null: never"
    )
    average: Part | None = Field(None, description="averaged weights for dev, test and the saved encoder: ema or mean")
    balance: float | None = Field(
        None, gt=0, lt=1, description="labels 0 and 1: share of same pairs in each batch; null: as in the data"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "fp32",
        description="auto: bf16 where the LSTM is wide and the processor has products of bfloat16; else fp32",
    )
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    threads: int | None = Field(None, ge=1, le=largest.THREADS)
    seed: int = Field(0, ge=0, le=LARGEST_SEED)
    log: Literal["tensorboard", "mlflow", "wandb"] | None = Field(
        None, description="tracker that gets the losses, measures, scores and the learning curve; changes no result"
    )
    ddp: int | None = Field(
        None, ge=2, le=largest.PROCESSES, description="processes that train together, each on a part of every batch"
    )
    augment: AugmentConfig | None = Field(None, description="pairs of texts: random changes of the training texts")
    hard_negatives: HardNegativesConfig | None = Field(
        None, description="labelled pairs: different pairs that the current encoder finds"
    )
