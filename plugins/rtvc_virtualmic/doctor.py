"""What keeps the microphone from being heard, part by part, each with what mends it."""

import sys
from collections.abc import Iterator, Sequence

from rtvc_bridge.errors import DeviceError
from rtvc_bridge.plugins import Finding
from rtvc_bridge.soundcard import Device, default_output, outputs, sounddevice
from rtvc_virtualmic import nullsink
from rtvc_virtualmic.backends import BACKENDS
from rtvc_virtualmic.cables import CABLES, chosen
from rtvc_virtualmic.control import Control
from rtvc_virtualmic.manage import connect
from rtvc_virtualmic.simple import PROGRAM


def examined(device: str = "") -> list[Finding]:
    """Return what was found about the microphone called `device` ("": the usual one)."""
    try:
        if sys.platform == "linux":
            with connect()() as control:
                return list(server_findings(control, nullsink.named(device)))
        module = sounddevice()
        return list(
            cable_findings(outputs(module), default_output(module), sys.platform, device or None)
        )
    except DeviceError as error:
        return [
            Finding("virtual microphone", well=False, detail="cannot be looked at", fix=str(error))
        ]


def server_findings(control: Control, names: nullsink.Names) -> Iterator[Finding]:
    """Yield what is found on a sound server.

    Raises:
        DeviceError: If it is gone.
    """
    yield Finding("sound server", well=True, detail=control.server())
    sinks, sources = control.sinks(), control.sources()
    there = names.sink in sinks and names.source in sources
    fix = "" if there else "rtvc-bridge mic install"
    detail = names.shown if there else "not there"
    yield Finding("virtual microphone", well=there, detail=detail, fix=fix)
    if there:
        yield _listeners(control, names)
        yield _sole_voice(control, names, sinks[names.sink])
        yield from _defaults(control, names)


def _listeners(control: Control, names: nullsink.Names) -> Finding:
    programs = sorted({each.program for each in nullsink.listeners(control, names)})
    return Finding("who listens", well=True, detail=", ".join(programs) or "nobody now")


def _sole_voice(control: Control, names: nullsink.Names, sink: int) -> Finding:
    """Return whether only one program, ours, plays into the microphone."""
    part = "who is heard"
    into = [each.program for each in control.playing() if each.sink == sink]
    others = sorted({program for program in into if program != PROGRAM})
    if others:
        detail = f"{', '.join(others)} plays into the microphone too"
        fix = f'pick another output there: "{names.shown} (feed)" is for rtvc-bridge only'
        return Finding(part, well=False, detail=detail, fix=fix)
    if len(into) > 1:
        detail = f"{len(into)} rtvc-bridge programs speak into it at once"
        return Finding(part, well=False, detail=detail, fix="end all but one of them")
    return Finding(part, well=True, detail="rtvc-bridge" if into else "nothing plays into it now")


def _defaults(control: Control, names: nullsink.Names) -> Iterator[Finding]:
    """Yield what became of the system's default output and microphone."""
    sink, source = control.defaults()
    other_sinks = sorted(set(control.sinks()) - {names.sink})
    ours = {names.source, names.monitor}
    other_sources = sorted(each for each in control.sources() if each not in ours)
    if sink == names.sink and other_sinks:
        fix = f"pactl set-default-sink {other_sinks[0]}, or pick another in the sound settings"
        detail = "the microphone's own: all that this computer plays is heard in the call"
        yield Finding("default output", well=False, detail=detail, fix=fix)
    else:
        yield Finding("default output", well=True, detail=sink)
    if source in ours and other_sources:
        fix = f"pactl set-default-source {other_sources[0]}, unless that is what you want"
        detail = "ours: programs use the virtual microphone without being told to"
        yield Finding("default microphone", well=False, detail=detail, fix=fix)
    else:
        yield Finding("default microphone", well=True, detail=source)


def cable_findings(
    listed: Sequence[Device], default: int, platform: str, device: str | None = None
) -> Iterator[Finding]:
    """Yield which cables of that platform are there, and which end to pick where.

    Args:
        listed: The outputs.
        default: Index of the system's default output.
        platform: As sys.platform calls it.
        device: The end to play into, if it is not one of the makers' usual names.
    """
    makes = [name for name, each in BACKENDS.items() if platform in each.platforms]
    missing = []
    for make in makes:
        try:
            into, picked = chosen(listed, CABLES[make], device)
        except DeviceError:
            missing.append(CABLES[make].fix)
            continue
        detail = f'rtvc-bridge plays into "{into.name}"; pick "{picked}" in the call program'
        yield Finding(CABLES[make].name, well=True, detail=detail)
        # The default is MME's, which cuts names short.
        if any(each.index == default and into.name.startswith(each.name) for each in listed):
            yield Finding(
                "default output",
                well=False,
                detail=f'"{into.name}": all that this computer plays is heard in the call',
                fix="pick your loudspeaker or headphones in the system's sound settings",
            )
    if len(missing) == len(makes):
        fix = " Or: ".join(missing)
        yield Finding("virtual cable", well=False, detail="none of those known is there", fix=fix)
