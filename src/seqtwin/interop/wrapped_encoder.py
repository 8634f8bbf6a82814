"""Any encoder of texts as one module of sentence-transformers, which needs seqtwin when it is loaded."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sentence_transformers.base.modules.input_module import InputModule
from torch import Tensor, nn

from seqtwin.build import build_siamese
from seqtwin.data.batches import Ragged
from seqtwin.inference.inputs import check_texts
from seqtwin.inference.retrained_folder import digest_of, retrained_facts
from seqtwin.records import Sequences
from seqtwin.store import Stored, load_encoder, save_encoder

FOLDER = "encoder"
README = """# SeqTwin encoder

Written by sentence-transformers. `seqtwin.load` and every seqtwin command take this folder.
"""


class SeqTwinModule(InputModule):
    """Texts to vectors with the tokenizer and the model of an encoder. Its weights are copies.

    It is saved as an `encoder/` folder, for `seqtwin.load` too. If its weights have changed, the saved encoder has
    neither a threshold nor a head.
    """

    def __init__(self, stored: Stored) -> None:
        nn.Module.__init__(self)
        assert stored.tokens is not None  # an encoder of series was refused
        self.tokens, self.tokenizer = stored.tokens, stored.tokens.tokenizer
        # without the tables that a loaded encoder keeps: they would be outdated after training
        self.model = build_siamese(stored.blueprint, seed=0).eval()
        self.model.load_state_dict(stored.model.state_dict())
        self.stored = replace(stored, model=self.model)
        self.digest = digest_of(self.model.state_dict())

    @property
    def max_seq_length(self) -> int:
        """The largest number of tokens of a text; the rest is cut off."""
        return self.tokens.max_length

    def preprocess(self, inputs: Sequence[object], prompt: str | None = None, **_: object) -> dict[str, Tensor]:
        """Token ids, mask and lengths of a batch of texts. `prompt`: text before each of them.

        Raises: DataError for an item that is not a text, or a text without a token.
        """
        texts = [(prompt or "") + text for text in check_texts(inputs)]
        batch = Ragged.of(self.tokens.encode(texts)).take(np.arange(len(texts)))
        return {"input_ids": batch.values, "attention_mask": batch.mask.long(), "sentence_lengths": batch.lengths}

    def forward(self, features: dict[str, Tensor], **_: object) -> dict[str, Tensor]:
        """Adds the vectors [batch dim] to the features."""
        batch = Sequences(features["input_ids"], features["sentence_lengths"])
        return {**features, "sentence_embedding": self.model.encode(batch)}

    def get_embedding_dimension(self) -> int:
        """The width of a vector."""
        return self.model.space.dim

    def save(self, output_path: str, *_: object, **__: object) -> None:
        """Writes the encoder into `encoder/` of a folder."""
        stored = self.stored
        if digest_of(self.model.state_dict()) != self.digest:
            stored = replace(stored, facts=retrained_facts(stored.facts), head=None)
        save_encoder(Path(output_path) / FOLDER, stored, README)

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        init_defaults: dict[str, object] | None = None,  # noqa: ARG003 - as in the base class
        **_: object,
    ) -> "SeqTwinModule":
        """The module in a folder, or in a repository of the Hub.

        Raises: DamagedError.
        """
        inner = f"{subfolder}/{FOLDER}".lstrip("/")
        path = cls.load_dir_path(model_name_or_path, inner, token, cache_folder, revision, local_files_only)
        return cls(load_encoder(Path(path or model_name_or_path) / ("" if path else FOLDER)))
