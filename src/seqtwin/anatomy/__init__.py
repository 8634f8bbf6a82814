"""The states of an encoder for one text: outputs, h_n, c_n, and which of their entries are equal.

- `default_text`: the text that is shown if none is given.
- `dissect`: one text in one encoder, as an Anatomy.
- `pytorch_runs`: PyTorch's module run on the weights of the encoder; how many tokens each state has read.
- `statements`: claims about output, h_n and c_n, checked on the tensors.
- `padding_effects`: the effect of padding and packing, and the shapes of PyTorch's tensors.
- `used_states`: the states that each representation uses.
- `records`: an Anatomy and its parts.
- `sentences`: the findings in words.
- `terminal`: an anatomy as lines for a terminal.
- `terminal_strips`: the outputs as strips of characters.
- `page`: an anatomy as an HTML page.
- `svg`: the outputs as SVG strips.
"""
