"""Messages as a person would read them out, row by row."""

import pytest
from rtvc_discord.text import Attached, Heard, read
from rtvc_discord.text.introductions import AGAIN_S, Introductions
from rtvc_discord.text.reading import blocked_word, said, spoken_name

AT = 1_700_000_000  # 2023-11-14 22:13:20 UTC


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("hello", "hello"),
        ("  hello \t there  ", "hello there"),
        ("one\n\n\ntwo", "one\ntwo"),
        ("", ""),
        # mentions
        ("hi <@1>", "hi Bob"),
        ("hi <@!1>, you there", "hi Bob, you there"),
        ("hi <@99>", "hi somebody"),
        ("ask <@&2>", "ask the role mod team"),
        ("ask <@&99>", "ask a role"),
        ("see <#3>", "see the channel general chat"),
        ("see <#99>", "see a channel"),
        ("@everyone wake up", "everyone wake up"),
        ("@here wake up", "everyone here wake up"),
        ("</say:12> it", "slash say it"),
        ("</queue show:12>", "slash queue show"),
        ("<id:customize>", "channels and roles"),
        ("<id:new>", "a part of the server"),
        # times
        (f"<t:{AT}>", "November 14, 2023 at 22:13 UTC"),
        (f"<t:{AT}:t>", "22:13 UTC"),
        (f"<t:{AT}:d>", "November 14, 2023"),
        (f"<t:{AT}:F>", "Tuesday, November 14, 2023 at 22:13 UTC"),
        (f"<t:{AT}:R>", "now"),
        (f"<t:{AT + 300}:R>", "in 5 minutes"),
        (f"<t:{AT - 3600}:R>", "1 hour ago"),
        (f"<t:{AT + 3 * 86_400}:R>", "in 3 days"),
        (f"<t:{AT - 800 * 86_400}:R>", "2 years ago"),
        ("<t:999999999999>", "some time"),
        # emoji
        ("<:partyParrot:123>", "party Parrot emoji"),
        ("nice <a:pepe_laugh2:123>", "nice, pepe laugh 2 emoji"),
        ("hi 👍🏽", "hi, thumbs up"),
        ("👩‍💻", "woman technologist"),
        ("🇩🇪 wins", "flag of Germany, wins"),
        ("😂😂😂😂 nice", "face with tears of joy, nice"),
        ("😂 😂", "face with tears of joy"),
        ("👍👎", "thumbs up, thumbs down"),
        ("press 1️⃣ now", "press, 1, now"),
        ("I ❤️ you", "I, red heart, you"),
        ("made by us ©", "made by us ©"),
        # spoilers and code
        ("||he dies|| sorry", "a spoiler, sorry"),
        ("x ||a|| and ||b||", "x a spoiler, and a spoiler"),
        ("```python\nprint(1)\n```", "a block of python code"),
        ("```\nx\n```", "a block of code"),
        ("```never closed", "a block of code"),
        ("run `make`", "run make"),
        ("run `__init__`", "run __init__"),
        ("run `rm -rf /home/some/quite/long/path/to/a/file.txt`", "run some code"),
        ("`1`", "some code"),
        # markdown
        ("**bold** _it_ __under__ ~~gone~~ ***both***", "bold it under gone both"),
        ("**_nested_**", "nested"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        (r"\*not bold\*", "*not bold*"),
        ("# Title\ntext", "Title\ntext"),
        ("-# small", "small"),
        ("- one\n- two", "one\ntwo"),
        ("> quoted\nanswer", "quote: quoted\nanswer"),
        (">>> all\nof it", "quote: all\nof it"),
        ("5 > 3", "5 > 3"),
        # links
        ("see https://www.example.com/foo?x=1.", "see a link to example.com."),
        ("(see https://a.com/x)", "(see a link to a.com)"),
        ("https://en.wikipedia.org/wiki/A_(b) ok", "a link to en.wikipedia.org, ok"),
        ("[my site](https://a.com/x)", "my site"),
        ("<https://a.com>", "a link to a.com"),
        ("https://a.com https://b.com", "some links"),
        ("https://tenor.com/view/x-1", "a gif"),
        ("https://youtu.be/abc", "a YouTube link"),
        ("https://discord.gg/abc", "an invitation to a server"),
        ("https://discord.com/channels/1/2/3", "a link to a message"),
        (f"https://{'a' * 50}.com/", "a link"),
        ("https://user:password@a.com/", "a link to a.com"),
        # over and over
        ("sooooooo goooood", "sooo goood"),
        ("hahahahahaha", "hahaha"),
        ("lol lol lol lol lol", "lol lol lol"),
        ("1000000", "1000000"),
        ("what?!?!?!", "what?"),
        ("no!!!!!!", "no!"),
        ("====== hi ======", "hi"),
        ("?", "what?"),
        ("???", "what?"),
        ("!!!", ""),
        ("...", ""),
        ("***", ""),
        # what nobody types
        ("a\ue02ab", "ab"),
    ],
)
def test_a_message_is_read_as_a_person_would(typed, spoken):
    assert (
        said(
            Heard(
                typed,
                users={1: "Bob"},
                roles={2: "mod-team"},
                channels={3: "general-chat"},
                sent_at=float(AT),
            )
        )
        == spoken
    )


PICTURE = Attached("picture")


@pytest.mark.parametrize(
    ("heard", "spoken"),
    [
        (Heard("hi"), "Al says: hi"),
        (Heard(""), ""),
        (Heard("", attached=(PICTURE,)), "Al sent a picture"),
        (Heard("", attached=(PICTURE, PICTURE)), "Al sent 2 pictures"),
        (
            Heard("look", attached=(PICTURE, Attached("video", hidden=True))),
            "Al says: look. With a picture and a hidden video.",
        ),
        (Heard("look!", attached=(PICTURE,)), "Al says: look! With a picture."),
        (Heard("", attached=(Attached("voice message"),)), "Al sent a voice message"),
        (Heard("", stickers=("Wave_hi",)), "Al sent a sticker, Wave hi"),
        (Heard("yes", reply_to="Bob"), "Al to Bob: yes"),
        (Heard("", forwarded=Heard("news")), "Al passes on: news"),
        (Heard("", forwarded=Heard("", attached=(PICTURE,))), "Al passes on: sent a picture"),
    ],
)
def test_who_speaks_and_what_came_along_is_told(heard, spoken):
    assert read(heard, name="Al") == spoken


def test_nobody_is_named_unless_asked():
    assert read(Heard("hi")) == "hi"
    assert read(Heard("hi", reply_to="Bob")) == "to Bob: hi"
    assert read(Heard("", attached=(PICTURE,))) == "sent a picture"
    assert read(Heard("", forwarded=Heard("news"))) == "passed on: news"


@pytest.mark.parametrize(
    ("filename", "content_type", "kind"),
    [
        ("a.png", "image/png", "picture"),
        ("a.gif", "image/gif", "gif"),
        ("a.mp4", "video/mp4", "video"),
        ("a.ogg", "audio/ogg", "sound file"),
        ("a.zip", "application/zip", "file"),
        ("a.JPG", "", "picture"),
        ("noending", "", "file"),
    ],
)
def test_a_file_is_called_what_people_call_it(filename, content_type, kind):
    assert Attached.of(filename, content_type).kind == kind


def test_a_voice_message_is_called_so_whatever_its_type():
    assert Attached.of("voice.ogg", "audio/ogg", voice=True).kind == "voice message"


@pytest.mark.parametrize(
    ("shown", "say_as", "spoken"),
    [
        ("alice", "", "alice"),
        ("alice", "Aleece", "Aleece"),
        ("xX_Dark_Xx", "", "xX Dark Xx"),
        ("🔥 Bob 🔥", "", "Bob"),
        ("🔥", "", "somebody"),
        ("aaaaaaaaah", "", "aaah"),
    ],
)
def test_a_name_is_said_as_its_owner_wishes_or_as_it_can_be(shown, say_as, spoken):
    assert spoken_name(shown, say_as=say_as) == spoken


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a darn thing", "darn"),
        ("DARN", "darn"),
        ("dаrn", "darn"),  # noqa: RUF001 - the second letter is Cyrillic, which is the point
        ("darned", None),
        ("go away now", "go away"),
        ("gone away", None),
    ],
)
def test_blocked_words_are_found_whole_in_any_disguise(text, found):
    assert blocked_word(text, ["darn", "go away"]) == found


@pytest.mark.timeout(10)  # a bound against patterns that explode, not a figure
@pytest.mark.parametrize(
    "unit", ["*", "_", "||", "`", "> ", "<@", "a ", "ab", "https://a.b ", "[a](", "~~", "x, ", "😂"]
)
def test_one_thing_over_and_over_does_not_hang(unit):
    said(Heard((unit * 2000)[:2000]))


def test_a_speaker_is_named_first_when_another_spoke_and_after_a_minute():
    names = Introductions()
    assert names.due(1, 10, now=0.0)
    names.spoke(1, 10, now=0.0)
    assert not names.due(1, 10, now=AGAIN_S - 1)
    assert names.due(1, 10, now=AGAIN_S)
    assert names.due(1, 11, now=1.0)
    assert names.due(2, 10, now=1.0)


def test_a_speaker_who_goes_on_is_not_named_again():
    names = Introductions()
    for second in range(0, 300, 50):
        assert names.due(1, 10, now=float(second)) is (second == 0)
        names.spoke(1, 10, now=float(second))
