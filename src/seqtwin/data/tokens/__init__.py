"""Tokens: from texts to token ids and back.

- `units`: characters, words and byte pairs, and text normalization.
- `letters`: the letters of words as ids.
- `plain_texts`: readers that find the tokens of plain texts without the library, faster.
- `equal_texts`: keys that are equal for texts with equal tokens.
- `tokenizer`: the tokenizer, trained on the training texts.
- `decoded_text`: from token ids to text.
- `word_vectors`: initial word vectors from a text file.
- `binary_vectors`: the same from the binary format of word2vec.
- `piece_tables`: the same composed from the rows of a table of sub-word pieces.
- `vector_sources`: the kinds of word vectors, and PCA.
- `known_words`: a vocabulary with words beyond the training texts.
"""
