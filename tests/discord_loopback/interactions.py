"""What users do to the bot: commands, completion, message commands, buttons and forms."""

from typing import TYPE_CHECKING, Any

from . import payloads, permissions
from .line import Json
from .messages import Attachment
from .people import Member, Role
from .press import Press, parts_of

if TYPE_CHECKING:
    from .places import Channel, Guild

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
SLASH, MESSAGE = 1, 3
SUBCOMMAND, GROUP = 1, 2
STRING, NUMBERS = 3, (4, 10)
RESOLVED = {6: "users", 7: "channels", 8: "roles", 9: "users", 11: "attachments"}


class Interactions:
    """Sends INTERACTION_CREATE to the bot, for the users of one guild."""

    def __init__(self, guild: "Guild") -> None:
        self._guild = guild
        self._loopback = guild.loopback

    def press(
        self, command: str, user: Member, channel: "Channel", options: dict[str, Any]
    ) -> Press:
        """Use a slash command, such as "/voice use".

        Raises:
            LookupError: If there is no such command or option.
            PermissionError: If Discord would not show the command to this user.
            ValueError: If Discord's own check would refuse an option's value.
        """
        registered, path, known = self._found(command)
        self._check_shown(registered, user)
        given = [self._option(known, name, value) for name, value in options.items()]
        for option in known.values():
            if option.get("required") and option["name"] not in options:
                msg = f"{command} needs {option['name']}"
                raise ValueError(msg)
        data = self._command_data(registered, path, given)
        resolved = self._resolved(options.values(), channel)
        if resolved:
            data["resolved"] = resolved
        return self._send(COMMAND, data, Press(user, channel))

    def complete(
        self, command: str, option: str, typed: str, user: Member, options: dict[str, Any]
    ) -> Press:
        """Type into an option that completes itself."""
        registered, path, known = self._found(command)
        given = [self._option(known, name, value) for name, value in options.items()]
        kind = known[option]["type"]
        given.append({"name": option, "type": kind, "value": typed, "focused": True})
        data = self._command_data(registered, path, given)
        return self._send(AUTOCOMPLETE, data, Press(user, self._guild.general))

    def press_message(self, command: str, message: Json, user: Member) -> Press:
        """Use a command of a message's context menu."""
        registered = self._registered(command, MESSAGE)
        self._check_shown(registered, user)
        channel = self._guild.channel(int(message["channel_id"]))
        data = {
            "id": registered["id"],
            "name": registered["name"],
            "type": MESSAGE,
            "target_id": message["id"],
            "resolved": {"messages": {message["id"]: message}},
        }
        return self._send(COMMAND, data, Press(user, channel))

    def click(self, press: Press, label: str, user: Member) -> Press:
        """Press a button of an answer, found by label or custom id."""
        message, button = self._component(
            press, lambda part: label in (part.get("label"), part.get("custom_id"))
        )
        if button.get("disabled"):
            msg = f"the button {label!r} is disabled"
            raise PermissionError(msg)
        data = {"custom_id": button["custom_id"], "component_type": button["type"]}
        return self._send(COMPONENT, data, Press(user, press.channel, message))

    def choose(self, press: Press, values: tuple[str, ...], user: Member) -> Press:
        """Choose in an answer's select menu."""
        message, menu = self._component(press, lambda part: part["type"] == STRING)
        data = {"custom_id": menu["custom_id"], "component_type": STRING, "values": list(values)}
        return self._send(COMPONENT, data, Press(user, press.channel, message))

    def submit(self, press: Press, values: dict[str, str]) -> Press:
        """Send a form with the values, by custom id."""
        rows = []
        for part in press.modal["components"]:
            inputs = [
                {"type": each["type"], "id": each.get("id", 0), "custom_id": each["custom_id"]}
                | {"value": values.get(each["custom_id"], each.get("value", ""))}
                for each in parts_of({"components": [part]})
                if "custom_id" in each
            ]
            inside = {"component": inputs[0]} if part["type"] == 18 else {"components": inputs}
            rows.append({"type": part["type"], "id": part.get("id", 0)} | inside)
        data = {"custom_id": press.modal["custom_id"], "components": rows}
        return self._send(MODAL, data, Press(press.user, press.channel))

    def _send(self, kind: int, data: Json, press: Press) -> Press:
        guild, channel = self._guild, press.channel
        payload = {
            "id": str(self._loopback.new_id()),
            "application_id": str(self._loopback.bot.id),
            "type": kind,
            "token": press.token,
            "version": 1,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "channel_id": str(channel.id),
            "channel": payloads.channel_json(channel),
            "member": payloads.member_json(press.user, channel),
            "locale": "en-US",
            "guild_locale": "en-US",
            "app_permissions": str(permissions.in_channel(guild.me, channel)),
            "entitlements": [],
            "context": 0,
            "authorizing_integration_owners": {"0": str(guild.id)},
            "attachment_size_limit": 10 << 20,
            "data": data,
        }
        if press.original is not None:
            payload["message"] = press.original
        self._loopback.presses[press.token] = press
        guild.tell("INTERACTION_CREATE", payload)
        return press

    def _registered(self, name: str, kind: int) -> Json:
        for command in self._loopback.commands(self._guild):
            if command["name"] == name and command.get("type", SLASH) == kind:
                return command
        msg = f"the bot has not registered {name!r}"
        raise LookupError(msg)

    def _found(self, command: str) -> tuple[Json, list[Json], dict[str, Json]]:
        """Return the command, the subcommands on the way, and the last one's options."""
        first, *rest = command.removeprefix("/").split()
        registered = here = self._registered(first, SLASH)
        path = []
        for name in rest:
            inside = {option["name"]: option for option in here.get("options", [])}
            if name not in inside:
                msg = f"{command}: there is {sorted(inside)}"
                raise LookupError(msg)
            here = inside[name]
            path.append(here)
        options = {option["name"]: option for option in here.get("options", [])}
        if any(option["type"] in (SUBCOMMAND, GROUP) for option in options.values()):
            msg = f"{command} wants one of {sorted(options)} after it"
            raise LookupError(msg)
        return registered, path, options

    @staticmethod
    def _command_data(registered: Json, path: list[Json], options: list[Json]) -> Json:
        for step in reversed(path):
            options = [{"name": step["name"], "type": step["type"], "options": options}]
        return {
            "id": registered["id"],
            "name": registered["name"],
            "type": SLASH,
            "options": options,
        }

    def _check_shown(self, registered: Json, user: Member) -> None:
        needed = registered.get("default_member_permissions")
        has = permissions.in_guild(user)
        if needed is not None and (int(needed) & ~has or needed == "0") and has != permissions.ALL:
            msg = f"Discord does not show {registered['name']} to {user.user.name}"
            raise PermissionError(msg)

    @staticmethod
    def _option(known: dict[str, Json], name: str, value: object) -> Json:
        if name not in known:
            msg = f"no option {name!r}; there is {sorted(known)}"
            raise LookupError(msg)
        option = known[name]
        if isinstance(value, str | int | float):
            _check_value(option, value)
            return {"name": name, "type": option["type"], "value": value}
        return {"name": name, "type": option["type"], "value": str(_id_of(value))}

    def _resolved(self, values: Any, channel: "Channel") -> Json:
        resolved: Json = {}
        for value in values:
            if isinstance(value, Member):
                identifier = str(value.user.id)
                resolved.setdefault("users", {})[identifier] = payloads.user_json(value.user)
                member = payloads.member_json(value, channel)
                del member["user"]
                resolved.setdefault("members", {})[identifier] = member
            elif isinstance(value, Role):
                resolved.setdefault("roles", {})[str(value.id)] = payloads.role_json(value)
            elif isinstance(value, Attachment):
                resolved.setdefault("attachments", {})[str(value.id)] = value.json()
            elif not isinstance(value, str | int | float):
                data = payloads.channel_json(value)
                data["permissions"] = str(permissions.in_channel(self._guild.me, value))
                resolved.setdefault("channels", {})[str(value.id)] = data
        return resolved

    @staticmethod
    def _component(press: Press, wanted: Any) -> tuple[Json, Json]:
        for message in [*press.followups[::-1], press.original or {}]:
            for part in parts_of(message):
                if "custom_id" in part and wanted(part):
                    return message, part
        msg = f"no such button or menu in {press.text!r}"
        raise LookupError(msg)


def _id_of(value: object) -> int:
    identifier = value.user.id if isinstance(value, Member) else getattr(value, "id")  # noqa: B009
    assert isinstance(identifier, int)
    return identifier


def _check_value(option: Json, value: str | float) -> None:
    """Refuse what Discord's client would not let a user send."""
    size = len(value) if isinstance(value, str) else value
    least, most = option.get("min_length"), option.get("max_length")
    if not isinstance(value, str):
        least, most = option.get("min_value"), option.get("max_value")
    fits = (least is None or size >= least) and (most is None or size <= most)
    choices = [choice["value"] for choice in option.get("choices") or []]
    wrong_kind = option["type"] in NUMBERS and isinstance(value, str)
    if wrong_kind or not fits or (choices and value not in choices):
        msg = f"Discord's client refuses {option['name']} = {value!r}"
        raise ValueError(msg)
