import pytest

from rtvc_bridge.errors import TextRejectedError
from rtvc_bridge.text.symbols import EDGE_ID, KOKORO_SYMBOLS, MAX_SYMBOLS, N_SYMBOL_IDS


def test_every_symbol_is_one_character_with_an_id_of_its_own():
    assert all(len(symbol) == 1 for symbol in KOKORO_SYMBOLS)
    assert len(set(KOKORO_SYMBOLS.values())) == len(KOKORO_SYMBOLS) == 114


def test_ids_fit_the_embedding_table_and_leave_the_edge_alone():
    assert EDGE_ID not in KOKORO_SYMBOLS.values()
    assert max(KOKORO_SYMBOLS.values()) < N_SYMBOL_IDS


def test_ids_stand_between_two_edges():
    from rtvc_bridge.stages.synthesizer import symbol_ids

    assert symbol_ids("aˈ.") == [0, 43, 156, 4, 0]  # noqa: RUF001 - a phoneme


@pytest.mark.parametrize("phonemes", ["", "a" * (MAX_SYMBOLS + 1), "a!Ж"])
def test_a_clause_that_the_model_cannot_read_is_rejected(phonemes):
    from rtvc_bridge.stages.synthesizer import symbol_ids

    with pytest.raises(TextRejectedError):
        symbol_ids(phonemes)


def test_the_longest_clause_is_accepted():
    from rtvc_bridge.stages.synthesizer import symbol_ids

    assert len(symbol_ids("a" * MAX_SYMBOLS)) == MAX_SYMBOLS + 2
