"""What a voice may be called."""

import pytest

from rtvc_bridge.errors import VoiceNameError
from rtvc_bridge.voices import check_name, skeleton


@pytest.mark.parametrize(
    "name",
    [
        "alba",
        "Alba 2",
        "Jean-Luc",
        "O'Neil",
        "D. (old)",
        "Łukasz",
        "Ελένη",
        "Ольга",
        "さくら",
        "桜 Sakura",
    ],
)
def test_names_that_people_have_are_taken_as_they_are(name):
    assert check_name(name) == name


def test_spaces_around_a_name_go_and_its_accents_are_composed():
    assert check_name("  Jose\u0301 ") == "Jos\u00e9"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "needs a name"),
        (" \t ", "needs a name"),
        ("x" * 300, "300 characters; the limit is 64"),
        (".", "starts with"),
        ("..", "starts with"),
        (".hidden", "starts with"),
        ("\u0301a", "starts with"),
        ("- -", "at least one letter"),
        ("a/b", "cannot hold '/'"),
        ("a\\b", "cannot hold"),
        ("C:evil", "cannot hold ':'"),
        ("what?", "cannot hold"),
        ("st*r", "cannot hold"),
        ("a\x00b", r"cannot hold U\+0000"),
        ("a\nb", r"cannot hold U\+000A"),
        ("\x1b[31mred", r"cannot hold U\+001B"),
        ("evil\u202etxt", r"cannot hold U\+202E"),
        ("zero\u200bwidth", r"cannot hold U\+200B"),
        ("lone\ud800", r"cannot hold U\+D800"),
        ("hangul\u3164filler", "nobody can see"),
        ("alba\ufe0f", "nobody can see"),
        ("party 🎉", "cannot hold"),
        ("con", "Windows"),
        ("NUL.wav", "Windows"),
        ("lpt1", "Windows"),
        ("0123456789abcdef0123456789ABCDEF", "looks like a voice's id"),
        ("\u0430lba", "mixes Cyrillic and Latin"),
        ("alb\u03b1", "mixes Greek and Latin"),
        ("z" + "\u0335\u0336\u0337" + "o", "accents"),
    ],
)
def test_names_that_would_mislead_are_refused_with_the_reason(name, why):
    with pytest.raises(VoiceNameError, match=why):
        check_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alba", "aLBA"),
        ("straße", "STRASSE"),
        ("coco", "\u0441\u043e\u0441\u043e"),
        ("\u039a\u039f", "ko"),
        ("\uff41\uff4c\uff42\uff41", "alba"),
        ("a  b", "a b"),
    ],
)
def test_names_that_look_alike_share_a_skeleton(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("voice1", "voicel"), ("jose", "josé"), ("ana", "anna")]
)
def test_names_that_differ_have_skeletons_of_their_own(one, other):
    assert skeleton(one) != skeleton(other)
