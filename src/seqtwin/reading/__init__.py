"""The vector of each sequence from a recurrent layer of your own: `seqtwin.read` and `seqtwin.Reader`.

- `given_lengths`: the lengths of a batch, from whatever they were given as.
- `returned_states`: the States in what an RNN, GRU or LSTM returned, or an error if they are not there.
- `reader`: `read`, and the module that runs the layer, too.
"""
