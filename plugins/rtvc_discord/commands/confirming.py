"""Buttons that one person may press, and a question with two of them."""

import discord

from rtvc_discord.commands.answering import NO_MENTIONS, failed

TIMEOUT_S = 300.0


class ForOne(discord.ui.View):
    """Buttons for one person.

    Args:
        user: Id of whoever may press them.
        timeout_s: How long they are there.
    """

    def __init__(self, user: int, *, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(timeout=timeout_s)
        self._user = user

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Return whether they may press; others are told that they may not."""
        if interaction.user.id == self._user:
            return True
        await interaction.response.send_message(
            f"This is for <@{self._user}> to answer.",
            ephemeral=True,
            allowed_mentions=NO_MENTIONS,
        )
        return False

    async def on_error(
        self,
        interaction: discord.Interaction,
        error: Exception,
        item: discord.ui.Item[discord.ui.View],
    ) -> None:
        """Log what went wrong; the question goes on."""
        del item
        await failed(interaction, error)


class Question(ForOne):
    """Two buttons for one person.

    Args:
        user: Id of whoever may press them.
        agree: What is on the one.
        refuse: What is on the other.
        timeout_s: How long there is to press.

    Attributes:
        agreed: What was pressed; None if nothing was in time.
        pressed: The pressing; None as long as nothing was.
    """

    def __init__(self, user: int, *, agree: str, refuse: str, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(user, timeout_s=timeout_s)
        self.agreed: bool | None = None
        self.pressed: discord.Interaction | None = None
        self.add_item(_Choice(agree, discord.ButtonStyle.danger, means=True))
        self.add_item(_Choice(refuse, discord.ButtonStyle.secondary, means=False))


class _Choice(discord.ui.Button[Question]):
    def __init__(self, label: str, style: discord.ButtonStyle, *, means: bool) -> None:
        super().__init__(label=label, style=style)
        self._means = means

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        if self.view is not None:
            self.view.agreed = self._means
            self.view.pressed = interaction
            self.view.stop()
