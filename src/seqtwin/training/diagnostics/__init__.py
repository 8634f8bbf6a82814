"""Measurements that explain a trained encoder, without any conclusions: functions of vectors, losses and stores.

- `loss_view`: distances, the margin, and the pairs that still have a gradient.
- `plateau`: the loss curve of a training, and the step at which it left its plateau.
- `positions`: the part of a sequence that trains the encoder, and the part that it needs.
- `geometry`: the geometry of a set of vectors.
- `invariance`: whether the order of a batch or pads change vectors.
- `every_representation`: the vectors by every representation without parameters, and a linear probe of vectors.
"""
