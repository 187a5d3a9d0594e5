"""Speak text in a cloned voice, from any program on this computer."""
