"""An encoder, or two on the same rows, measured on new labelled data.

- `evaluation`: the metrics of an encoder, and the paired difference between two.
- `evaluate_pairs`: metrics of pairs.
- `evaluate_heads`: metrics of predicted classes.
- `evaluate_data`: the metrics of a file or a frame, as a frame.
"""
