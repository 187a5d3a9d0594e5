"""A question with two buttons that one person may press."""

import discord

from rtvc_discord.commands.answering import NO_MENTIONS, failed

TIMEOUT_S = 300.0


class Question(discord.ui.View):
    """Two buttons for one person.

    Args:
        user: Id of whoever may press them.
        agree: What is on the one.
        refuse: What is on the other.

    Attributes:
        agreed: What was pressed; None if nothing was in time.
    """

    def __init__(self, user: int, *, agree: str, refuse: str) -> None:
        super().__init__(timeout=TIMEOUT_S)
        self._user = user
        self.agreed: bool | None = None
        self.add_item(_Choice(agree, discord.ButtonStyle.danger, means=True))
        self.add_item(_Choice(refuse, discord.ButtonStyle.secondary, means=False))

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


class _Choice(discord.ui.Button[Question]):
    def __init__(self, label: str, style: discord.ButtonStyle, *, means: bool) -> None:
        super().__init__(label=label, style=style)
        self._means = means

    async def callback(self, interaction: discord.Interaction) -> None:
        if self.view is not None:
            self.view.agreed = self._means
            self.view.stop()
        await interaction.response.defer()
