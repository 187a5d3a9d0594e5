"""Looking after voices in the terminal screen, and enrolling one."""

import pytest
from integration.tui_standin import StandIn, bridge, drive, shown, until
from textual.widgets import Input

pytestmark = pytest.mark.tui


@pytest.fixture
def daemon():
    return StandIn()


@pytest.fixture
def voices(daemon):
    """Run a script on the voices screen."""

    def run(script):
        app = bridge(daemon)

        async def on_voices(pilot):
            await until(pilot, lambda: "ready" in shown(app))
            await pilot.press("alt+v")
            await until(pilot, lambda: "screen sounds" in shown(app) or "Enrol" in shown(app))
            await script(app, pilot)

        drive(app, on_voices)

    return run


@pytest.fixture
def clips(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


async def fill(app, pilot, **values):
    for name, value in values.items():
        app.screen.query_one(f"#{name}", Input).value = str(value)
    await pilot.pause()


def test_voices_are_listed_with_the_consent_of_the_chosen_one(voices, daemon):
    async def script(app, pilot):
        await until(pilot, lambda: "Made 2026-11-01 with the consent of Alba Reyes" in shown(app))
        await pilot.press("down")
        await until(pilot, lambda: "id bruno000" in shown(app))
        assert "attested on 2026-11-01" in shown(app)
        assert "12.0 s of speech are kept in its file." in shown(app)

    voices(script)


def test_a_voice_that_someone_else_enrols_appears_by_itself(voices, daemon):
    async def script(app, pilot):
        await until(pilot, lambda: "bruno" in shown(app))
        daemon.import_("x", name="carla")
        await until(pilot, lambda: "carla" in shown(app))

    voices(script)


def test_a_renamed_voice_keeps_the_cursor(voices, daemon):
    async def script(app, pilot):
        await until(pilot, lambda: "bruno" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: "Rename alba" in shown(app))
        await pilot.press("ctrl+u", *"zoe", "enter")
        await until(pilot, lambda: "id alba0000" in shown(app) and "zoe" in shown(app))

    voices(script)
    assert ("rename", "alba", "zoe") in daemon.calls


def test_a_name_that_is_taken_is_refused_in_the_daemons_words(voices, daemon):
    async def script(app, pilot):
        await until(pilot, lambda: "bruno" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: "Rename alba" in shown(app))
        await pilot.press("ctrl+u", "enter")
        assert "Rename alba" in shown(app), "an empty name is not sent"
        await pilot.press(*"bruno", "enter")
        await until(pilot, lambda: "There is a voice 'bruno' already" in shown(app))

    voices(script)


@pytest.mark.parametrize(
    ("keys", "deleted"), [(["right", "enter"], True), (["enter"], False), (["escape"], False)]
)
def test_a_voice_is_deleted_only_once_that_is_confirmed(voices, daemon, keys, deleted):
    async def script(app, pilot):
        await until(pilot, lambda: "bruno" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "Delete the voice “alba”" in shown(app))
        await pilot.press(*keys)
        await until(pilot, lambda: "Delete the voice" not in shown(app))
        await until(pilot, lambda: ("alba" not in shown(app)) is deleted)

    voices(script)
    assert ("alba" not in daemon.known) is deleted


def test_export_and_import_go_by_path(voices, daemon, tmp_path):
    async def script(app, pilot):
        await until(pilot, lambda: "bruno" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "Export alba" in shown(app))
        app.screen.query_one(Input).value = str(tmp_path / "out.voice")
        await pilot.press("enter")
        await until(pilot, lambda: ("export", "alba", tmp_path / "out.voice") in daemon.calls)
        await until(pilot, lambda: "Written:" in shown(app))
        await pilot.press("i")
        await until(pilot, lambda: "Import a voice" in shown(app))
        await pilot.press(*"in.voice", "tab", *"carla", "enter")
        await until(pilot, lambda: "id carla" in shown(app))

    voices(script)


def test_listen_has_the_chosen_voice_say_a_few_words(voices, daemon):
    async def script(app, pilot):
        await until(pilot, lambda: "bruno" in shown(app))
        await pilot.press("down", "l")
        await until(pilot, lambda: "bruno says" in shown(app))

    voices(script)
    assert daemon.calls[-1][2] == "bruno"


def test_without_voices_the_screen_says_how_to_get_one(voices, daemon):
    daemon.known = {}

    async def script(app, pilot):
        await until(pilot, lambda: "No voices yet. Press e to enrol one" in shown(app))
        await pilot.press("r", "d", "x", "l")
        assert len(app.screen_stack) == 1

    voices(script)


def test_a_voice_is_enrolled_from_files_and_its_quality_report_shown(voices, daemon, clips):
    daemon.findings = [{"severity": "warn", "message": "There is noise behind the voice."}]

    async def script(app, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        await pilot.press(*"carla", "enter")
        await fill(app, pilot, files=clips / "*.wav")
        await pilot.press("enter")
        await until(pilot, lambda: "2: a.wav, b.wav" in shown(app))
        await pilot.press("tab", *"Carla", "enter")
        await until(pilot, lambda: "type: Carla agreed" in shown(app))
        await pilot.press(*"carla", "space", *"agreed", "enter")
        await until(pilot, lambda: "carla is enrolled" in shown(app))
        assert "11.4 s of speech were used." in shown(app)
        assert "warn  There is noise behind the voice." in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "with the consent of Carla" in shown(app))

    voices(script)
    call = ("enrol", "carla", [clips / "a.wav", clips / "b.wav"], "Carla", True)
    assert call in daemon.calls


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, "Give the voice a name."),
        ({"name": "carla"}, "Add a recording"),
        ({"name": "carla", "files": "a.wav"}, "Say whose voice this is."),
        (
            {"name": "carla", "files": "a.wav", "speaker": "Carla", "consent": "yes"},
            "Without the speaker's agreement no voice is made: type “Carla agreed”.",
        ),
    ],
)
def test_a_form_that_lacks_something_is_not_sent(voices, daemon, clips, values, complaint):
    async def script(app, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        if "files" in values:
            app.screen.query_one("#files").focus()
            await fill(app, pilot, files=clips / values["files"])
            await pilot.press("enter")
            await until(pilot, lambda: "1: a.wav" in shown(app))
        await fill(app, pilot, **{key: values[key] for key in values if key != "files"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: complaint in " ".join(shown(app).split()))

    voices(script)
    assert not any(call[0] == "enrol" for call in daemon.calls)


def test_a_refused_enrolment_keeps_the_form_and_a_missing_file_is_named(voices, daemon, clips):
    async def script(app, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        app.screen.query_one("#files").focus()
        await pilot.press(*"nothing.wav", "enter")
        await until(pilot, lambda: "There is no such file: nothing.wav" in shown(app))
        await fill(app, pilot, files=clips / "a.wav")
        await pilot.press("enter")
        await until(pilot, lambda: "1: a.wav" in shown(app))
        await fill(app, pilot, name="alba", speaker="Ada", consent="Ada agreed")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "There is a voice 'alba' already" in shown(app))
        await fill(app, pilot, name="ada")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "ada is enrolled" in shown(app))

    voices(script)


def test_a_form_left_while_the_voice_is_made_does_no_harm(voices, daemon, clips):
    daemon.enrol_gate.clear()

    async def script(app, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        app.screen.query_one("#files").focus()
        await fill(app, pilot, files=clips / "a.wav")
        await pilot.press("enter")
        await until(pilot, lambda: "1: a.wav" in shown(app))
        await fill(app, pilot, name="ada", speaker="Ada", consent="Ada agreed")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Making the voice" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        daemon.enrol_gate.set()
        await until(pilot, lambda: "ada" in shown(app))

    voices(script)


def test_the_last_recording_can_be_taken_out_again(voices, clips):
    async def script(app, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "Enrol a voice" in shown(app))
        app.screen.query_one("#files").focus()
        await fill(app, pilot, files=clips / "*.wav")
        await pilot.press("enter")
        await until(pilot, lambda: "2: a.wav, b.wav" in shown(app))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "1: a.wav" in shown(app))

    voices(script)


def test_damaged_voice_files_are_named_with_the_reason_and_cannot_be_chosen(daemon):
    daemon.broken = [
        {"id": "0badc0de", "file": "/voices/0badc0de.voice", "reason": "It ends in the middle."}
    ]
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+v")
        await until(pilot, lambda: "0badc0de.voice: It ends in the middle." in shown(app))
        await pilot.press(*["down"] * 5)
        await until(pilot, lambda: "id bruno" in shown(app))
        daemon.broken = []
        await until(pilot, lambda: "0badc0de" not in shown(app))

    drive(app, script)


def test_many_damaged_files_are_counted(daemon):
    daemon.broken = [
        {"id": f"{n}", "file": f"{n}.voice", "reason": "Not a voice file."} for n in range(9)
    ]
    app = bridge(daemon)

    async def script(pilot):
        await until(pilot, lambda: "ready" in shown(app))
        await pilot.press("alt+v")
        await until(pilot, lambda: "and 6 more" in shown(app))

    drive(app, script)
