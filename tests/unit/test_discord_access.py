"""How Discord's people are named to the engine, and how grants are shown to them."""

from types import SimpleNamespace

import pytest
from rtvc_discord import access
from rtvc_discord.people import Person, members_of

from rtvc_bridge.safety.trust import may_use
from rtvc_bridge.voices import Consent

pytestmark = pytest.mark.trust

BOB = Person(
    user=12,
    guild=3,
    name="bob",
    roles=frozenset({9}),
    manages=False,
    moderates=False,
    operator=False,
)


@pytest.mark.parametrize(
    "grant", ["discord:user:12", "discord:guild:3", "discord:role:9", "discord:everyone"]
)
def test_a_person_is_reached_by_name_server_role_and_as_anybody_on_discord(grant):
    assert may_use(Consent(by="x", given_at="", grants=(grant,)), BOB.asker)


@pytest.mark.parametrize("grant", ["here", "discord:user:1", "discord:guild:4", "other:user:12"])
def test_a_person_is_not_reached_by_what_they_are_not(grant):
    assert not may_use(Consent(by="x", given_at="", grants=(grant,)), BOB.asker)


def test_a_server_as_a_whole_has_no_role_that_only_some_of_it_have():
    assert members_of(3).names == {"discord:guild:3", "discord:everyone"}


@pytest.mark.parametrize("to", [None, SimpleNamespace(id=3)])
def test_the_role_that_everybody_has_stands_for_the_server(to):
    assert access.grantee(to, 3) == "discord:guild:3"


@pytest.mark.parametrize(
    ("grant", "shown"),
    [
        ("everyone", "everybody in every server"),
        ("discord:everyone", "everybody in every server"),
        ("discord:guild:3", "everybody in this server"),
        ("discord:guild:4", "everybody in another server"),
        ("discord:role:9", "<@&9>"),
        ("discord:user:12", "<@12>"),
        ("http:user:bob", "somebody outside Discord"),
    ],
)
def test_a_grant_is_shown_as_discord_names_people(grant, shown):
    assert access.mentions([grant], 3) == [shown]
