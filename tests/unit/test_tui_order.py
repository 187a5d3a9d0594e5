"""Where a line goes when it is moved by one step."""

import pytest

from rtvc_bridge.tui.order import Place, moved, step

pytestmark = pytest.mark.tui


def line(number, user, *, lane="speaker", state="queued"):
    return {"id": number, "lane": lane, "user": user, "state": state}


QUEUE = [
    line(1, "ann", state="speaking"),
    line(2, "ann"),
    line(3, "bob"),
    line(4, "ann", lane="mic"),
    line(5, "ann"),
    line(6, "ann"),
]


@pytest.mark.parametrize(
    ("number", "up", "place"),
    [
        (5, True, Place(2)),
        (6, True, Place(5)),
        (2, False, Place(6)),
        (5, False, Place(None)),
        (2, True, None),
        (6, False, None),
        (3, True, None),
        (4, False, None),
        (1, False, None),
        (9, True, None),
    ],
)
def test_a_line_passes_waiting_lines_of_its_own_lane_and_user_only(number, up, place):
    assert step(QUEUE, number, up=up) == place


@pytest.mark.parametrize(
    ("number", "place", "order"),
    [
        (6, Place(5), [1, 2, 3, 4, 6, 5]),
        (6, Place(2), [1, 6, 3, 4, 2, 5]),
        (2, Place(None), [1, 5, 3, 4, 6, 2]),
    ],
)
def test_lines_of_others_keep_their_places(number, place, order):
    assert [each["id"] for each in moved(QUEUE, number, place)] == order
