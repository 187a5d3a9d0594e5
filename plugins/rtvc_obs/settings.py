"""[adapters.obs], checked."""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from rtvc_bridge.config import Strict
from rtvc_bridge.errors import ConfigError

LANE = "obs"
"""Played by this adapter itself, where the transport is "udp"."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Settings(Strict):
    """[adapters.obs]: the voice, its captions and an overlay in OBS."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Where OBS runs."""

    port: int = Field(default=4455, gt=0, lt=65536)
    """That of OBS's WebSocket server."""

    password_env: str = ""
    """Name of the environment variable that holds its password."""

    password_file: str = ""
    """Or the file that does."""

    transport: Literal["device", "udp", "none"] = "device"
    """How the voice gets in: by the virtual microphone, by the network card, or not by us."""

    device: str = ""
    """The microphone as OBS lists it; empty: ours, or the cable that is there."""

    udp_port: int = Field(default=7880, gt=0, lt=65536)
    """On which OBS hears the lane "obs"; only for the transport "udp"."""

    volume_db: float = Field(default=0.0, ge=-60.0, le=12.0, allow_inf_nan=False)
    """Louder or quieter than it was made, in decibels; only for the transport "udp"."""

    lanes: list[str] = Field(default=["mic", LANE], min_length=1)
    """Lanes whose lines are captioned and shown."""

    create: bool = True
    """Make the sources in OBS that are missing; otherwise only those that exist are used."""

    scene: str = ""
    """Where they are made; empty: the scene that is on the air."""

    audio_input: str = Field(default="RTVC Voice", min_length=1)
    """Name of the audio source."""

    captions: bool = True
    """Write what is said into a text source."""

    caption_source: str = Field(default="RTVC Captions", min_length=1)
    """Name of that source."""

    stream_captions: bool = False
    """Also send closed captions with the stream (CEA-608), which viewers can switch on."""

    mute_doubles: bool = False
    """Mute Mic/Aux or Desktop Audio where it carries the same voice; otherwise only warn."""

    overlay: bool = False
    """Serve a page with captions for a browser source."""

    overlay_port: int = Field(default=7879, ge=0, lt=65536)
    """Where, on this computer; 0: any free one."""

    overlay_source: str = Field(default="RTVC Overlay", min_length=1)
    """Name of the browser source that shows it."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.transport == "udp" and self.host not in LOOPBACK:
            msg = 'transport "udp" reaches an OBS on this computer only (host = "127.0.0.1")'
            raise ValueError(msg)
        if self.password_env and self.password_file:
            msg = "name password_env or password_file, not both"
            raise ValueError(msg)
        return self

    def password(self) -> str:
        """Return the password of OBS's WebSocket server; "" if none is named.

        Raises:
            ConfigError: If it is not where the settings say.
        """
        if self.password_env:
            try:
                return os.environ[self.password_env]
            except KeyError:
                raise ConfigError(
                    f"The environment variable {self.password_env}, which password_env in "
                    "[adapters.obs] names, is not set."
                ) from None
        if not self.password_file:
            return ""
        try:
            return Path(self.password_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The file {self.password_file}, which password_file in [adapters.obs] names, "
                f"cannot be read: {error}."
            ) from error
