"""An LSTM over ragged sequences on the CPU, faster than PyTorch's packed one.

- `layout`: the places of the steps of a batch in packed order.
- `products`: products of matrices, by the faster library of this processor.
- `shares`: the share of the gates that comes from the input.
- `recurrence`: the states, forward and backward, without padded steps.
- `kept`: an LSTM whose weights no longer change, for encoding.
"""
