"""Tokens: from texts to token ids and back.

- `units`: characters, words and byte pairs, and text normalization.
- `letters`: the letters of words as ids.
- `equal_texts`: keys that are equal for texts with equal tokens.
- `tokenizer`: the tokenizer, trained on the training texts.
- `decoded_text`: from token ids to text.
- `word_vectors`: initial word vectors from a file.
"""
