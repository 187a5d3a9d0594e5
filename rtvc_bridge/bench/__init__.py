"""Figures of this installation: speed, memory, words understood, likeness."""
