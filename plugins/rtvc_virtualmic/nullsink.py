"""The virtual microphone on a PulseAudio or PipeWire server: an output and an input made of it.

The output is a null sink, the input a remapped monitor of it: programs such as Chromium hide
plain monitors. Both belong to the server and outlive whoever made them, on purpose: when an
input goes, the server hands its listeners the real microphone.
"""

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from rtvc_bridge import paths
from rtvc_bridge.errors import DeviceError
from rtvc_virtualmic.backend import Format
from rtvc_virtualmic.control import Control, Recording

SINK_MODULE = "module-null-sink"
SOURCE_MODULE = "module-remap-source"
_MAPS = {1: "mono", 2: "front-left,front-right"}


@dataclass(frozen=True, slots=True)
class Names:
    """What the two halves are called.

    Attributes:
        sink: The output that sound is played into.
        source: The input that other programs record from.
        shown: The input's name as people see it.
    """

    sink: str = "rtvc_sink"
    source: str = "rtvc_mic"
    shown: str = "RTVC Virtual Microphone"

    @property
    def monitor(self) -> str:
        """The server's own input that records what is played into the output."""
        return f"{self.sink}.monitor"


USUAL = Names()


def named(device: str | None) -> Names:
    """Return the names for a device called `device`, the usual ones for None.

    Raises:
        DeviceError: If the server could not take it as a name.
    """
    if device in (None, "", USUAL.source, USUAL.shown):
        return USUAL
    assert device is not None
    if not device.replace("_", "").replace("-", "").isalnum() or not device.isascii():
        raise DeviceError(
            f'A virtual microphone cannot be called "{device}": use letters, digits, _ and -.'
        )
    return Names(f"{device}_sink", device, device)


def ensure(control: Control, names: Names, form: Format) -> bool:
    """Make what is missing of the device; return whether anything was.

    The server's default output and input stay what they were, unless they were nothing else.

    Raises:
        DeviceError: If the server refuses.
    """
    if _complete(control, names):
        return False
    with _lock():  # two programs at once would make two devices
        if _complete(control, names):
            return False
        before = control.defaults()
        _make(control, names, form)
        restore(control, names, before)
    return True


def present(control: Control) -> tuple[str, ...]:
    """Return what `named` takes: the usual microphone, be it there or not, and those there are."""
    sinks = control.sinks()
    return USUAL.shown, *sorted(name for name in control.sources() if f"{name}_sink" in sinks)


def _complete(control: Control, names: Names) -> bool:
    return names.sink in control.sinks() and names.source in control.sources()


def _make(control: Control, names: Names, form: Format) -> None:
    layout = _MAPS[form.channels]
    if names.sink not in control.sinks():
        # Only this nesting of quotes survives both servers' parsers.
        shown = f"sink_properties='device.description=\"{names.shown} (feed)\"'"
        arguments = (
            f"sink_name={names.sink} rate={form.rate_hz} channels={form.channels} "
            f"channel_map={layout} {shown}"
        )
        try:
            # Else PulseAudio renders 2 s ahead while idle, and swallows what comes in that time.
            control.load(SINK_MODULE, f"{arguments} norewinds=1")
        except DeviceError:  # a server too old to know the word
            control.load(SINK_MODULE, arguments)
    if names.source not in control.sources():
        shown = f"source_properties='device.description=\"{names.shown}\"'"
        control.load(
            SOURCE_MODULE,
            f"source_name={names.source} master={names.monitor} channels={form.channels} "
            f"master_channel_map={layout} channel_map={layout} {shown}",
        )


def restore(control: Control, names: Names, before: tuple[str, str]) -> None:
    """Set the defaults to `before` where the device took their place and they still exist."""
    sink, source = before
    now_sink, now_source = control.defaults()
    ours = {names.sink, names.source, names.monitor}
    sink_back = now_sink in ours and sink not in ours and sink in control.sinks()
    source_back = now_source in ours and source not in ours and source in control.sources()
    control.set_defaults(sink if sink_back else "", source if source_back else "")


def listeners(control: Control, names: Names) -> tuple[Recording, ...]:
    """Return the streams that record from the device."""
    source = control.sources().get(names.source)
    return tuple(each for each in control.recordings() if each.source == source)


def remove(control: Control, names: Names, *, force: bool = False) -> bool:
    """Take the device away; return whether it was there.

    Raises:
        DeviceError: If somebody listens and `force` is not set: the server would hand them
            the real microphone.
    """
    there = names.sink in control.sinks() or names.source in control.sources()
    if (present := listeners(control, names)) and not force:
        programs = ", ".join(sorted({each.program for each in present}))
        raise DeviceError(
            f"{programs} still listens to {names.shown}. Taking it away would switch them to "
            "your real microphone without a word. Pick another microphone there first, or use "
            "--force."
        )
    control.unload(SOURCE_MODULE, f"source_name={names.source}")
    control.unload(SINK_MODULE, f"sink_name={names.sink}")
    return there


def _lock() -> FileLock:
    folder: Path = paths.state_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "virtualmic.lock", timeout=10)
