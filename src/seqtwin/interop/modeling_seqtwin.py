"""From texts to token ids and word vectors: the first module of an encoder exported to sentence-transformers.

An exported folder contains a copy of this file, and sentence-transformers runs it with `trust_remote_code=True`. It
uses only sentence-transformers, tokenizers and torch. WordEmbeddings of sentence-transformers 6.2 cannot take its
place: with a tokenizer of the library `tokenizers` it refuses the argument `task`, which `encode_query`, the evaluators
and the trainer pass, and a text without a token gets the vector 0 or -inf.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from sentence_transformers.base.modules.input_module import InputModule
from tokenizers import Tokenizer
from torch import Tensor, nn

LONGEST = 100_000  # characters of a text that are read
UNKNOWN = 1  # the id of tokens that are not in the vocabulary


class SeqTwinTokens(InputModule):
    """Texts to token ids [batch time], right-padded with 0, and their word vectors [batch time dim].

    `empty`: "unk" encodes a text without a token as one unknown token; otherwise such a text is an error. `card`: the
    rest of the encoder, from which `seqtwin.load` reads the folder again.
    """

    config_file_name = "seqtwin_tokens.json"
    config_keys = ["empty", "card"]  # noqa: RUF012 - as in the base class

    def __init__(self, tokenizer: Tokenizer, vectors: Tensor, empty: str, card: dict[str, object]) -> None:
        nn.Module.__init__(self)
        self.tokenizer, self.empty, self.card = tokenizer, empty, card
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False)

    @property
    def max_seq_length(self) -> int:
        """The largest number of tokens of a text; the rest is cut off."""
        return int((self.tokenizer.truncation or {"max_length": LONGEST})["max_length"])

    @max_seq_length.setter
    def max_seq_length(self, value: int) -> None:
        self.tokenizer.enable_truncation(value)

    def preprocess(self, inputs: Sequence[object], prompt: str | None = None, **_: object) -> dict[str, Tensor]:
        """Token ids, mask and lengths of a batch of texts. `prompt`: text before each of them.

        Raises: ValueError for an item that is not a text, or a text without a token.
        """
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(self._storable(inputs, prompt or ""))]
        rows = [torch.tensor(own or self._of_empty(text)) for own, text in zip(ids, inputs, strict=True)]
        lengths = torch.tensor([len(row) for row in rows])
        mask = torch.arange(int(lengths.max())) < lengths[:, None]
        padded = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return {"input_ids": padded, "attention_mask": mask.long(), "sentence_lengths": lengths}

    @staticmethod
    def _storable(inputs: Sequence[object], prompt: str) -> list[str]:
        texts = [prompt + text for text in inputs if isinstance(text, str)]
        if len(texts) < len(inputs):
            raise ValueError("expected texts: this encoder takes nothing else")
        # the library, written in Rust, accepts no lone surrogates
        return [text[:LONGEST].encode("utf-8", "replace").decode("utf-8") for text in texts]

    def _of_empty(self, text: object) -> list[int]:
        if self.empty == "unk":
            return [UNKNOWN]
        raise ValueError(f"{str(text)[:40]!r} has no token, and this encoder has no vector for an empty text")

    def forward(self, features: dict[str, Tensor], **_: object) -> dict[str, Tensor]:
        """Adds the word vectors [batch time dim] to the features."""
        features["token_embeddings"] = self.embedding(features["input_ids"])
        return features

    def get_embedding_dimension(self) -> int:
        """The width of a word vector."""
        return self.embedding.embedding_dim

    def save(self, output_path: str, *_: object, safe_serialization: bool = True, **__: object) -> None:
        """Writes the tokenizer, the word vectors and the settings into a folder."""
        self.save_config(output_path)
        self.save_torch_weights(output_path, safe_serialization=safe_serialization)
        self.tokenizer.save(os.path.join(output_path, "tokenizer.json"))

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
    ) -> "SeqTwinTokens":
        """The module in a folder, or in a repository of the Hub.

        Raises: ValueError for a folder without a tokenizer.
        """
        methods: tuple[Callable[..., Any], ...] = (cls.load_file_path, cls.load_torch_weights, cls.load_config)
        find, weigh, configure = (
            partial(
                method,
                model_name_or_path,
                subfolder=subfolder,
                token=token,
                cache_folder=cache_folder,
                revision=revision,
                local_files_only=local_files_only,
            )
            for method in methods
        )
        config, tokenizer = configure(), find(filename="tokenizer.json")
        if tokenizer is None:
            raise ValueError(f"expected tokenizer.json in {model_name_or_path}")
        return cls(Tokenizer.from_file(tokenizer), weigh()["embedding.weight"], config["empty"], config["card"])
