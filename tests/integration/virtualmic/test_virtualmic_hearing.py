"""The microphone on real PulseAudio and PipeWire servers, judged by what a recorder gets."""

import numpy as np
import pytest
from mic_side import TONE_HZ, heard, longest_silence_s, loud, strongest_hz, tone
from rtvc_virtualmic import VirtualMic
from rtvc_virtualmic.bench import busy, steady
from sound_server import RATE_HZ, until

pytestmark = pytest.mark.mic


@pytest.mark.parametrize("backend", ["pulse", "pacat"])
def test_a_tone_comes_out_whole_at_its_pitch_and_level(server, recorded, backend):
    with VirtualMic(backend=backend) as mic:
        recorder = recorded()
        mic.send(tone(2.0, 24_000), rate_hz=24_000)
        recorder.wait_for(2.5)
        sound = loud(recorder)
    assert len(sound) / RATE_HZ == pytest.approx(2.0, abs=0.01)
    assert strongest_hz(sound) == pytest.approx(TONE_HZ, abs=1)
    assert np.abs(sound[480:-480]).max() == pytest.approx(0.4, abs=0.01)
    assert longest_silence_s(sound) < 0.002


def test_sound_sent_frame_by_frame_has_no_gap(server, recorded):
    sound = tone(2.0, 24_000)
    with VirtualMic() as mic:
        recorder = recorded()
        for start in range(0, len(sound), 480):
            until(lambda: mic.stats.queued_ms < 1000)  # it is not the sender that is tried
            mic.send(sound[start : start + 480], rate_hz=24_000)
        recorder.wait_for(0.7)
        assert longest_silence_s(loud(recorder)) < 0.002
        assert mic.stats.dropped_ms == 0


def test_the_first_sound_after_a_long_silence_is_not_lost(server, recorded):
    with VirtualMic() as mic:
        recorder = recorded()
        recorder.wait_for(2.5)
        mic.send(tone(0.3))
        recorder.wait_for(0.8)
        assert len(loud(recorder)) / RATE_HZ == pytest.approx(0.3, abs=0.01)


def test_every_listener_hears_it_and_is_named(server, recorded):
    with VirtualMic() as mic:
        first, second = recorded(), recorded()
        assert len(mic.listeners() or ()) == 2
        mic.send(tone(1.5))
        assert heard(first) == pytest.approx(TONE_HZ, abs=3)
        assert heard(second) == pytest.approx(TONE_HZ, abs=3)


def test_a_monitor_plays_it_on_a_loudspeaker_too(server, recorded):
    server.add_output("speaker")
    with VirtualMic(monitor="speaker", monitor_db=-6.0) as mic:
        recorder = recorded("speaker.monitor")
        mic.send(tone(1.5))
        assert heard(recorder) == pytest.approx(TONE_HZ, abs=3)
        assert np.abs(loud(recorder)).max() == pytest.approx(0.2, abs=0.02)


def test_each_burst_comes_out_whole_however_long_the_pause_before_it(server, recorded):
    with VirtualMic() as mic:
        recorder = recorded()
        for pause_s in (0.15, 0.25, 0.35, 0.6, 1.2):
            since = recorder.samples
            mic.send(tone(0.1), RATE_HZ)
            recorder.wait_for(0.1 + pause_s)
            at = np.flatnonzero(np.abs(recorder.sound(since)) > 0.05)
            assert (at[-1] - at[0]) / RATE_HZ == pytest.approx(0.1, abs=0.005)


def test_a_saturated_processor_leaves_the_sound_at_its_pitch_and_length(server, recorded):
    with VirtualMic() as mic, busy():
        recorder = recorded()
        # Figures are the benchmark's; here it must not fall apart.
        assert steady(mic, recorder, 3.0).gaps <= 1
        sound = loud(recorder)
    assert len(sound) / RATE_HZ == pytest.approx(3.0, abs=0.2)
    assert strongest_hz(sound) == pytest.approx(TONE_HZ, abs=1)
