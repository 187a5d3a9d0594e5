"""Who asks, and where: what the rules look at."""

from dataclasses import dataclass

import discord

from rtvc_bridge.errors import UserError
from rtvc_bridge.safety.asker import EVERYONE, Asker
from rtvc_discord.preferences import GuildSettings
from rtvc_discord.text.reading import spoken_name

ADAPTER = "discord"
"""How owners and grants name people of Discord: "discord:user:12", "discord:everyone"."""


class NotAllowedError(UserError):
    """That person may not do that here; the message says who may."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a server.

    Attributes:
        user: Their id.
        guild: The server's.
        name: As shown there.
        roles: Ids.
        manages: Whether they may manage the server.
        moderates: Whether they may manage messages or move people in voice channels.
        operator: Whether they run the bot.
    """

    user: int
    guild: int
    name: str
    roles: frozenset[int]
    manages: bool
    moderates: bool
    operator: bool

    @classmethod
    def of(
        cls, member: discord.Member, permissions: discord.Permissions, *, operator: bool
    ) -> "Person":
        """Return `member` with those permissions in the channel where they ask."""
        return cls(
            user=member.id,
            guild=member.guild.id,
            name=member.display_name,
            roles=frozenset(role.id for role in member.roles),
            manages=permissions.manage_guild,
            moderates=permissions.manage_messages or permissions.move_members,
            operator=operator,
        )

    @property
    def asker(self) -> Asker:
        """Who asks, as the engine and the agreements of voices name them."""
        roles = (f"role:{role}" for role in self.roles)
        groups = frozenset({EVERYONE, f"guild:{self.guild}", *roles})
        return Asker(ADAPTER, str(self.user), groups, operator=self.operator)

    def called(self, say_as: str) -> str:
        """Return how to say their name."""
        return spoken_name(self.name, say_as=say_as)


def user_name(user: int) -> str:
    """Return how owners and grants name that person."""
    return f"{ADAPTER}:user:{user}"


def members_of(guild: int) -> Asker:
    """Return what all the members of a server have in common, as an asker."""
    return Asker(ADAPTER, groups=frozenset({EVERYONE, f"guild:{guild}"}))


def somebody(user: int) -> Asker:
    """Return a person who asks for what is theirs, whatever the server."""
    return Asker(ADAPTER, str(user))


def operators(client: discord.Client) -> frozenset[int]:
    """Return the ids of those who own the bot's application at Discord and may change it."""
    application = client.application
    if application is None:
        return frozenset()
    if application.team is not None:
        return frozenset(
            member.id
            for member in application.team.members
            if member.membership_state is discord.TeamMembershipState.accepted
            and member.role is not discord.TeamMemberRole.read_only
        )
    return frozenset({application.owner.id})


def check_may_speak(person: Person, settings: GuildSettings) -> None:
    """Pass if `person` may have text spoken in that server.

    Raises:
        NotAllowedError: If they are blocked, or have none of the roles asked for.
    """
    check_not_blocked(person, settings)
    if settings.roles and not (person.roles & settings.roles or person.manages):
        mentions = ", ".join(f"<@&{role}>" for role in sorted(settings.roles))
        raise NotAllowedError(f"Only these roles may have text spoken here: {mentions}.")


def check_not_blocked(person: Person, settings: GuildSettings) -> None:
    """Pass unless the server's managers have blocked `person`.

    Raises:
        NotAllowedError: If they have.
    """
    if person.user in settings.blocked_users:
        raise NotAllowedError("The managers of this server have blocked you from speaking here.")


def check_manages(person: Person) -> None:
    """Pass if `person` may change the server's settings.

    Raises:
        NotAllowedError: If not.
    """
    if not (person.manages or person.operator):
        raise NotAllowedError("You need the permission Manage Server for this.")


def check_sees_held(person: Person, *, moderator: bool) -> None:
    """Pass if `person` may decide on what is held in their server, and stop all speech there.

    Args:
        person: Who asks.
        moderator: Whether the settings name them as one.

    Raises:
        NotAllowedError: If not.
    """
    if not (person.manages or moderator):
        raise NotAllowedError(
            "You need the permission Manage Server for this, or to be one of the moderators whom "
            "whoever runs me has named."
        )


def check_moderates(person: Person) -> None:
    """Pass if `person` may stop what others say.

    Raises:
        NotAllowedError: If not.
    """
    if not person.moderates:
        raise NotAllowedError("You need the permission Manage Messages or Move Members for this.")
