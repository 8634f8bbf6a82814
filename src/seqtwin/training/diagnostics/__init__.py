"""Measurements that explain a trained encoder: pure functions of vectors, losses and stores. No verdicts here."""
