import pytest

from rtvc_bridge.errors import QueueFullError
from rtvc_bridge.schedule import Lanes, Limits

ROOMY = Limits(user=1000, lane=1000, total=1000)


def filled(*items, limits=ROOMY):
    """Lanes holding items such as "a/ann/1": lane, user, which."""
    lanes = Lanes[str](limits)
    for item in items:
        add(lanes, item)
    return lanes


def add(lanes, item, **when):
    lane, user, _ = item.split("/")
    lanes.reserve(lane, user)
    lanes.push(item, lane=lane, user=user, **when)


def emptied(lanes):
    return [lanes.pop() for _ in range(len(lanes))]


def test_one_user_is_served_in_the_order_of_asking():
    assert emptied(filled("a/x/1", "a/x/2", "a/x/3")) == ["a/x/1", "a/x/2", "a/x/3"]


def test_a_busy_lane_does_not_starve_a_quiet_one():
    lanes = filled("a/x/1", "a/x/2", "a/x/3", "b/x/1")
    assert emptied(lanes) == ["a/x/1", "b/x/1", "a/x/2", "a/x/3"]


def test_a_talkative_user_does_not_starve_another_in_the_same_lane():
    lanes = filled("a/x/1", "a/x/2", "a/x/3", "a/y/1", "a/y/2")
    assert emptied(lanes) == ["a/x/1", "a/y/1", "a/x/2", "a/y/2", "a/x/3"]


def test_many_users_do_not_buy_a_lane_more_turns():
    lanes = filled("a/x/1", "a/y/1", "a/z/1", "b/x/1", "b/x/2")
    assert emptied(lanes) == ["a/x/1", "b/x/1", "a/y/1", "b/x/2", "a/z/1"]


def test_whoever_was_just_served_goes_behind_a_newcomer():
    lanes = filled("a/x/1", "a/x/2")
    assert lanes.pop() == "a/x/1"
    add(lanes, "b/x/1")
    assert lanes.pop() == "a/x/2"  # it was waiting before b came
    add(lanes, "a/x/3")
    assert emptied(lanes) == ["b/x/1", "a/x/3"]


def test_empty_lanes_give_nothing():
    assert filled().pop() is None


@pytest.mark.parametrize(
    ("limits", "refused", "says"),
    [
        (Limits(user=2, lane=9, total=9), "a/x/3", "already have 2"),
        (Limits(user=9, lane=2, total=9), "a/y/3", "Too much"),
        (Limits(user=9, lane=9, total=2), "b/y/3", "Too much"),
    ],
    ids=["user", "lane", "total"],
)
def test_a_full_queue_refuses_until_something_leaves(limits, refused, says):
    lanes = filled("a/x/1", "a/x/2", limits=limits)
    with pytest.raises(QueueFullError, match=says):
        add(lanes, refused)
    lanes.pop()
    add(lanes, refused)
    assert len(lanes) == 2


def test_lines_of_nobody_in_particular_may_fill_the_lane():
    lanes = filled("a//1", "a//2", limits=Limits(user=1, lane=2, total=9))
    with pytest.raises(QueueFullError, match="Too much"):
        add(lanes, "a//3")


def test_a_reserved_place_counts_before_it_is_filled():
    lanes = Lanes[str](Limits(user=1, lane=9, total=9))
    lanes.reserve("a", "x")
    with pytest.raises(QueueFullError):
        lanes.reserve("a", "x")
    assert (len(lanes), lanes.pop()) == (0, None)


def test_a_removed_item_is_not_served_and_makes_room():
    lanes = filled("a/x/1", "a/x/2", "a/x/3", limits=Limits(user=3, lane=3, total=3))
    assert lanes.remove("a/x/2")
    add(lanes, "a/x/4")
    assert emptied(lanes) == ["a/x/1", "a/x/3", "a/x/4"]


def test_removing_what_is_not_there_changes_nothing():
    lanes = filled("a/x/1")
    assert lanes.pop() == "a/x/1"
    assert not lanes.remove("a/x/1")
    add(lanes, "a/x/1")
    assert len(lanes) == 1


def test_stale_items_leave_when_their_time_is_up_and_not_before():
    lanes = filled("a/x/forever")
    add(lanes, "a/x/late", expires_at=20.0)
    add(lanes, "b/x/soon", expires_at=10.0)
    assert lanes.expire(9.9) == []
    assert lanes.expire(10.0) == ["b/x/soon"]
    assert lanes.expire(10.0) == []
    assert lanes.expire(99.0) == ["a/x/late"]
    assert emptied(lanes) == ["a/x/forever"]


def test_what_waits_can_be_asked_for_by_lane_and_by_user():
    lanes = filled("a/x/1", "a/y/1", "b/x/1")
    assert lanes.waiting() == ["a/x/1", "a/y/1", "b/x/1"]
    assert lanes.waiting(lane="a") == ["a/x/1", "a/y/1"]
    assert lanes.waiting(user="x") == ["a/x/1", "b/x/1"]
    assert lanes.waiting(lane="a", user="x") == ["a/x/1"]
    assert lanes.waiting(lane="c") == []


def test_users_and_lanes_that_left_are_forgotten():
    lanes = filled()
    empty = {name: len(kept) for name, kept in vars(lanes).items() if hasattr(kept, "__len__")}
    for number in range(100):
        add(lanes, f"{number}/{number}/1")
    emptied(lanes)
    assert empty == {
        name: len(kept) for name, kept in vars(lanes).items() if hasattr(kept, "__len__")
    }


@pytest.mark.parametrize(
    ("item", "before", "order"),
    [
        ("a/x/3", "a/x/1", ["a/x/3", "a/y/1", "a/x/1", "a/x/2"]),
        ("a/x/3", "a/x/2", ["a/x/1", "a/y/1", "a/x/3", "a/x/2"]),
        ("a/x/1", None, ["a/x/2", "a/y/1", "a/x/3", "a/x/1"]),
        ("a/x/2", "a/x/2", ["a/x/1", "a/y/1", "a/x/2", "a/x/3"]),
    ],
)
def test_a_moved_item_is_listed_and_taken_where_it_was_put(item, before, order):
    lanes = filled("a/x/1", "a/y/1", "a/x/2", "a/x/3")
    assert lanes.move(item, before=before)
    assert lanes.waiting() == order
    assert emptied(lanes) == order


@pytest.mark.parametrize("before", ["a/y/1", "b/x/1", "gone"])
def test_an_item_is_moved_among_those_of_its_lane_and_user_only(before):
    lanes = filled("a/x/1", "a/y/1", "b/x/1", "a/x/2")
    assert not lanes.move("a/x/2", before=before)
    assert lanes.waiting(lane="a", user="x") == ["a/x/1", "a/x/2"]


def test_a_paused_lane_is_passed_over_until_it_is_resumed():
    lanes = filled("a/x/1", "b/x/1")
    lanes.pause("a")
    assert (lanes.pop(), lanes.pop(), lanes.ready()) == ("b/x/1", None, False)
    lanes.pause(None)
    lanes.resume("a")
    assert lanes.pop() is None
    lanes.resume(None)
    assert lanes.pop() == "a/x/1"
