"""Controlled experiments on what pre-training, mid-training and RL each add to a language model's reasoning."""

__version__ = "0.1.0"
