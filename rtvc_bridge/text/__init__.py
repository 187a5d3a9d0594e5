"""From what a person typed to phonemes: clean (the door), clauses (pieces), phonemes (sounds)."""

from rtvc_bridge.text.cleaning import clean
from rtvc_bridge.text.g2p import Phonemes, phonemes
from rtvc_bridge.text.splitting import Clause, clauses
from rtvc_bridge.text.symbols import KOKORO_SYMBOLS, MAX_SYMBOLS

__all__ = ["KOKORO_SYMBOLS", "MAX_SYMBOLS", "Clause", "Phonemes", "clauses", "clean", "phonemes"]
