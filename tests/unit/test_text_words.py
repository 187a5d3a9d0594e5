# ruff: noqa: RUF001 -- signs that look alike are the subject
"""How words not spelled as said are read, one table per kind. Each row: typed, said."""

import pytest

from rtvc_bridge.text.normalise import spoken

TITLES = [
    ("Dr. Li", "Doctor Li"),
    ("Mr Smith and Mrs. Jones", "Mister Smith and Missus Jones"),
    ("Ms. Lee", "Miz Lee"),
    ("Prof. Plum", "Professor Plum"),
    ("St. John", "Saint John"),
    ("Main St.", "Main Street."),
    ("Elm Dr. near here", "Elm Drive near here"),
    ("on Elm Dr., near St. Mark's", "on Elm Drive, near Saint Mark's"),
    ("Acme Inc. makes it", "Acme Incorporated makes it"),
    ("Martin Luther King, Jr.", "Martin Luther King, Junior."),
]
ABBREVIATIONS = [
    ("e.g. this", "for example this"),
    ("i.e. that", "that is that"),
    ("cats, dogs, etc. are", "cats, dogs, et cetera are"),
    ("and so on, etc. Then", "and so on, et cetera. Then"),
    ("us vs. them", "us versus them"),
    ("approx. five", "approximately five"),
    ("No. 5", "number five"),
    ("vol. 2", "volume two"),
    ("w/ friends", "with friends"),
    ("w/o me", "without me"),
    ("and/or", "and or"),
    ("either/or", "either slash or"),
]
INITIALISMS = [
    ("OBS", "O.B.S"),
    ("obs and TTS", "O.B.S and T.T.S"),
    ("an API, two APIs", "an A.P.I, two A.P.I's"),
    ("the FBI", "the F.B.I"),
    ("NASA", "NASA"),
    ("JSON and SQL", "jayson and sequel"),
    ("the U.S. Army", "the U.S Army"),
    ("in the U.S.A.", "in the U.S.A."),
    ("J.K. Rowling", "J.K Rowling"),
    ("noon GMT", "noon G.M.T"),
    ("tell us", "tell us"),
    ("I am", "I am"),
    ("C++ and C#", "C plus plus and C sharp"),
]
SHOUTING = [
    ("HELLO everyone", "hello everyone"),
    ("STOP DOING THAT", "stop doing that"),
    ("IT IS THE FBI", "it is the F.B.I"),
    ("sooooo good", "sooo good"),
    ("what?!?!", "what?"),
    ("yes!!!!!!", "yes!"),
    ("well.....", "well…"),
]
ROMAN_NUMERALS = [
    ("Henry VIII", "Henry the eighth"),
    ("Elizabeth II", "Elizabeth the second"),
    ("Charles V", "Charles the fifth"),
    ("Chapter IV", "Chapter four"),
    ("World War II", "World War two"),
    ("Final Fantasy VII", "Final Fantasy seven"),
    ("Part I", "Part one"),
    ("Here I am", "Here I am"),
    ("Malcolm X", "Malcolm X"),
    ("the LIVE MIX", "the LIVE MIX"),
]
SLANG = [
    ("brb", "be right back"),
    ("idk tbh", "I don't know to be honest"),
    ("BTW", "by the way"),
    ("u r gr8", "you are great"),
    ("thx", "thanks"),
    ("lol", "loll"),
    ("WTF", "W.T.F"),
    ("l8r m8", "later mate"),
    ("vitamin U", "vitamin U"),
]
WEB = [
    ("https://www.example.com/a/b?x=1#y", "example dot com slash A slash B"),
    ("github.com/foo-bar.", "github dot com slash foo dash bar."),
    ("www.bbc.co.uk", "B.B.C dot C.O dot U.K"),
    ("http://localhost:8000/docs", "localhost slash docs"),
    ("bob.smith@example.com", "bob dot smith at example dot com"),
    ("@alice hi", "at alice hi"),
    ("#OpenSource", "hashtag Open Source"),
    ("#1", "number one"),
    ("main.py", "main dot P.Y"),
    ("node.js", "node dot J.S"),
]
CHARACTERS = [
    ("café", "cafe"),
    ("naïve Zoë", "naive Zoe"),
    ("résumé", "rezzumay"),
    ("Straße", "Strasse"),
    ("ﬁne", "fine"),
    ("ＨＥＬＬＯ", "hello"),
    ("𝓗𝓮𝓵𝓵𝓸", "Hello"),
    ("don’t", "don't"),
    ("“so” she said", "“so” she said"),
    ("he said 'no' twice", "he said “no” twice"),
    ("rock 'n' roll", "rock and roll"),
    ("the dogs' owner", "the dogs' owner"),
    ("R&B", "R and B"),
    ("*bold* and _this_", "bold and this"),
    ("||spoiler||", "spoiler"),
    ("well - yes", "well — yes"),
    ("well-known", "well-known"),
    ("hello world.How are you,friend?", "hello world. How are you, friend?"),
    ("one\ntwo!\nthree", "one.\ntwo!\nthree"),
]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *TITLES,
        *ABBREVIATIONS,
        *INITIALISMS,
        *SHOUTING,
        *ROMAN_NUMERALS,
        *SLANG,
        *WEB,
        *CHARACTERS,
    ],
)
def test_words_are_read_as_people_say_them(typed, said):
    assert spoken(typed).text == said


@pytest.mark.parametrize(
    ("typed", "said", "unknown"),
    [
        ("hi 😀😀", "hi", 2),
        ("hi :) there", "hi there", 2),
        ("love <3", "love", 2),
        ("hello שלום", "hello", 4),
        ("hello", "hello", 0),
        ("你好", "", 2),
        ("?!", "", 0),
    ],
)
def test_what_cannot_be_said_is_dropped_and_counted(typed, said, unknown):
    found = spoken(typed)
    assert (found.text, found.unknown) == (said, unknown)
