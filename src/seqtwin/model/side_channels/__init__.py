"""Side channels: a vector of the whole sequence, beside that of the recurrent network, from features that are fixed.

- `side_channel`: the contract, and how two vectors are joined.
- `ngrams`: words and character n-grams of texts, hashed.
- `lexical`: the channel of texts, from their words and n-grams.
- `kernels`: the channel of series, from convolution kernels.
"""
