"""What a call asks of an agent's skills: a table of truth, a table of faults, and laws that hold for any ask."""

from __future__ import annotations

import pickle
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd import vocabulary as say
from acd.asks import DEEPEST, LONGEST, Ask, AskError, both, parse
from acd.core import Acd
from acd.policy import AgentRules, QueueRules
from acd.skill_index import SkillIndex, members

EXAMPLE = "billing >= 3 and (zh >= 4 or not trainee)"

TRUTH = [
    # ask, skills of an agent, whether the agent will do
    ("", {}, True),
    (" \t\n", {"zh": 5}, True),
    ("zh", {"zh": 1}, True),
    ("zh", {"zh": 0}, False),
    ("zh", {"en": 5}, False),
    ("zh >= 3", {"zh": 3}, True),
    ("zh >= 3", {"zh": 2}, False),
    ("zh > 3", {"zh": 3}, False),
    ("zh > 3", {"zh": 4}, True),
    ("zh <= 2", {"zh": 2}, True),
    ("zh <= 2", {"zh": 3}, False),
    ("zh <= 2", {}, True),  # who lacks a skill has it at level 0
    ("zh < 2", {"zh": 2}, False),
    ("zh < 2", {"zh": 1}, True),
    ("zh = 2", {"zh": 2}, True),
    ("zh == 2", {"zh": 3}, False),
    ("zh = 0", {}, True),
    ("zh != 2", {"zh": 2}, False),
    ("zh != 2", {}, True),
    ("not trainee", {}, True),
    ("not trainee", {"trainee": 1}, False),
    ("not not trainee", {"trainee": 1}, True),
    ("not zh and en", {"en": 1}, True),  # not binds first
    ("not (zh and en)", {"zh": 1}, True),
    ("a or b and c", {"a": 1}, True),  # then and, then or
    ("(a or b) and c", {"a": 1}, False),
    ("NOT trainee AND (zh Or en)", {"en": 1}, True),
    ("android", {"android": 1}, True),  # begins with "and"
    ("5g-net.v2_x>=2 and 中文>=04", {"5g-net.v2_x": 2, "中文": 4}, True),
    ("हिन्दी and ελληνικά", {"हिन्दी": 1, "ελληνικά": 2}, True),
    (EXAMPLE, {"billing": 3, "zh": 4, "trainee": 1}, True),
    (EXAMPLE, {"billing": 3}, True),
    (EXAMPLE, {"billing": 3, "zh": 3, "trainee": 1}, False),
    (EXAMPLE, {"billing": 2, "zh": 4}, False),
]


@pytest.mark.parametrize(("text", "skills", "holds"), TRUTH)
def test_the_table_of_truth(text: str, skills: dict[str, int], holds: bool) -> None:
    assert parse(text).holds(skills) is holds


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  zh>=1 ", "zh"),
        ("zh==007", "zh = 7"),
        ("not not zh", "zh"),
        ("((a)) AND (b and c)", "a and b and c"),
        ("a or (b and c)", "a or b and c"),
        ("(a or b) and(c)", "(a or b) and c"),
        ("not (a)", "not a"),
        ("not(a or b)", "not (a or b)"),
        ("not zh<3", "not zh < 3"),
        ("a and b and a", "a and b"),
        ("(a or a) and b", "a and b"),
        (EXAMPLE, EXAMPLE),
    ],
)
def test_the_same_ask_is_written_in_one_way(text: str, normal: str) -> None:
    assert parse(text).text == normal
    assert parse(text) == parse(normal)
    assert len({parse(text), parse(normal)}) == 1


PART = "a skill, 'not' or '('"
MORE = "'and', 'or' or the end"
LEVEL = "a level: a whole number from 0"
NAME = "a skill of letters, digits, '_', '-' and '.'"
SHORT = f"at most {LONGEST} characters, spaces not counted"
SHALLOW = f"parentheses and nots at most {DEEPEST} deep"


@pytest.mark.parametrize(
    ("text", "column", "expectation", "got"),
    [
        ("zh >= ", 7, LEVEL, "the end"),
        ("zh >= four", 7, LEVEL, "'four'"),
        ("zh >= -1", 7, LEVEL, "'-1'"),
        ("zh >= 3.5", 7, LEVEL, "'3.5'"),
        ("zh >= ٣", 7, LEVEL, "'٣'"),
        ("zh => 3", 5, LEVEL, "'>'"),
        ("zh >= 4and en", 7, LEVEL, "'4and'"),
        ("zh en", 4, MORE, "'en'"),
        ("zh & en", 4, MORE, "'&'"),
        ("zh)", 3, MORE, "')'"),
        ("1 <= zh <= 3", 1, PART, "'1'"),
        ("zh <= 3 <= 5", 9, MORE, "'<='"),
        ("zh and", 7, PART, "the end"),
        ("zh and or en", 8, PART, "'or'"),
        ("and", 1, PART, "'and'"),
        ("not", 4, PART, "the end"),
        ("()", 2, PART, "')'"),
        ("(zh", 4, "'and', 'or' or ')'", "the end"),
        ("zh or 3", 7, PART, "'3'"),
        (">= 3", 1, PART, "'>='"),
        ("zh and -", 8, PART, "'-'"),
        ("en and zh: 3", 10, NAME, "':'"),
        ("zh\0", 3, NAME, r"'\x00'"),
        ("x" * 501, 501, SHORT, "'x'"),
        ("zh or " + "x" * 600, 503, SHORT, None),
        ("(" * 21 + "zh" + ")" * 21, 21, SHALLOW, "'('"),
        ("not " * 21 + "zh", 81, SHALLOW, "'not'"),
    ],
)
def test_each_fault_names_its_column_and_what_was_expected(
    text: str, column: int, expectation: str, got: str | None
) -> None:
    with pytest.raises(AskError) as caught:
        parse(text)
    error = caught.value
    assert (error.text, error.column, error.expectation) == (text, column, expectation)
    assert str(error).startswith(f"column {column} of the ask ")
    assert f": expected {expectation}, got {got or ''}" in str(error)
    assert len(str(error)) < 300


def test_a_long_and_a_deep_ask_within_the_limits_are_read() -> None:
    assert parse(" " + "x" * LONGEST + " " * LONGEST).text == "x" * LONGEST
    many = " or ".join(f"s{n:02}" for n in range(100))  # 300 characters of skills, 198 of "or"
    assert len(parse(many).skills) == 100
    deep = "(a or b and " * 20 + "c" + ")" * 20
    assert parse(deep).holds({"a": 1})
    assert not parse(deep).holds({"c": 1})


@pytest.mark.parametrize(
    ("text", "skills", "points"),
    [
        ("", {"zh": 5}, 0),
        ("zh and en >= 2", {"zh": 5, "en": 3, "fr": 9}, 8),
        ("zh >= 3 or zh >= 1 and en", {"zh": 5}, 5),  # each skill once
        ("not trainee and zh", {"trainee": 4, "zh": 1}, 1),
        ("zh <= 3 and en", {"zh": 2, "en": 1}, 1),
        ("not zh < 3", {"zh": 4}, 4),
        ("not (trainee or not zh)", {"trainee": 4, "zh": 2}, 2),
        ("zh = 3 and en = 0", {"zh": 3, "en": 7}, 3),
        ("zh != 0 and en != 3", {"zh": 3, "en": 7}, 3),
        ("zh >= 0", {"zh": 3}, 3),  # rather than needed: wished for
    ],
)
def test_points_are_the_levels_of_what_is_wanted(text: str, skills: dict[str, int], points: int) -> None:
    assert parse(text).points(skills) == points


@pytest.mark.parametrize(
    ("text", "skills", "missing"),
    [
        (EXAMPLE, {"billing": 3}, ()),
        (EXAMPLE, {"billing": 2}, ("billing >= 3",)),
        (EXAMPLE, {"trainee": 1}, ("billing >= 3", "zh >= 4 or not trainee")),
        ("a and b and c", {"b": 1}, ("a", "c")),
        ("a or b and c", {"b": 1}, ("a or c",)),  # b is there already
        ("a or b and c", {}, ("a or b and c",)),
        ("not (a and b)", {"a": 1, "b": 1}, ("not a or not b",)),
        ("not (a or b or c)", {"a": 1, "c": 2}, ("not a", "not c")),
        ("not (a and not b)", {"a": 1}, ("not a or b",)),
        ("(a or b) and (c or not a)", {}, ("a or b",)),
        ("d and (a or b and (c or e))", {"b": 1, "d": 1}, ("a or c or e",)),
        ("zh < 3 and not en = 2", {"zh": 3, "en": 2}, ("zh < 3", "not en = 2")),
    ],
)
def test_what_is_missing_is_said_in_the_smallest_parts(
    text: str, skills: dict[str, int], missing: tuple[str, ...]
) -> None:
    assert parse(text).missing(skills) == missing


def test_both_holds_where_each_does() -> None:
    nothing, either, one = parse(""), parse("a or b"), parse("b and c")
    assert both(either, one).text == "(a or b) and b and c"
    assert both(one, one) == one
    assert both(nothing, one) == both(one, nothing) == one
    assert both(nothing, nothing) == nothing
    with pytest.raises(AskError, match="at most 500 characters"):
        both(parse("x" * 250), parse("y" * 248))


def test_an_ask_survives_pickling() -> None:
    again: Ask = pickle.loads(pickle.dumps(parse(EXAMPLE)))
    assert again == parse(EXAMPLE)
    assert again.holds({"billing": 3})
    assert repr(again) == f"Ask(text={EXAMPLE!r})"


# Trees of asks, how they are written, and a slow second opinion on what they mean.

Tree: TypeAlias = tuple[str, str, int] | tuple[str, list["Tree"]]
SIGNS = {">=": "≥", ">": ">", "<=": "≤", "<": "<", "=": "=", "==": "=", "!=": "≠"}
NAMES = st.sampled_from(["a", "b", "zh-TW", "中文"])
LEVELS = st.integers(0, 4)
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.tuples(st.sampled_from(sorted(SIGNS)), NAMES, LEVELS),
    lambda inner: (
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3))
        | st.tuples(st.just("not"), st.lists(inner, min_size=1, max_size=1))
    ),
    max_leaves=8,
)
SKILLS = st.dictionaries(NAMES, LEVELS)


def written(tree: Tree) -> str:
    if len(tree) == 3:
        sign, name, level = tree
        return f"{name}{sign}{level}"
    word, parts = tree
    if word == "not":
        return f"not ({written(parts[0])})"
    return f" {word} ".join(f"({written(part)})" for part in parts)


def means(tree: Tree, skills: dict[str, int]) -> bool:
    if len(tree) == 3:
        sign, name, level = tree
        has = skills.get(name, 0)
        order = "<" if has < level else ">" if has > level else "="
        return order in {"≥": ">=", "≤": "<=", "≠": "<>"}.get(SIGNS[sign], SIGNS[sign])
    word, parts = tree
    opinions = [means(part, skills) for part in parts]
    return {"and": False not in opinions, "or": True in opinions, "not": opinions == [False]}[word]


@given(TREES, SKILLS)
def test_any_ask_holds_as_a_slow_second_opinion_says(tree: Tree, skills: dict[str, int]) -> None:
    ask = parse(written(tree))
    assert ask.holds(skills) is means(tree, skills)
    assert ask.skills <= {"a", "b", "zh-TW", "中文"}
    assert all(name in ask.text for name in ask.skills)


@given(TREES)
def test_the_normal_form_of_any_ask_says_the_same(tree: Tree) -> None:
    ask = parse(written(tree))
    again = parse.__wrapped__(ask.text)
    assert again == ask
    assert again.text == ask.text
    assert (again.skills, again.wanted) == (ask.skills, ask.wanted)


@given(TREES, SKILLS, SKILLS)
def test_what_is_missing_does_not_hold_and_is_needed(
    tree: Tree, skills: dict[str, int], others: dict[str, int]
) -> None:
    ask = parse(written(tree))
    missing = [parse(text) for text in ask.missing(skills)]
    assert bool(missing) is not ask.holds(skills)
    assert not any(part.holds(skills) for part in missing)
    assert all(part.holds(others) for part in missing if ask.holds(others))


@given(TREES, TREES, SKILLS)
def test_both_is_and(a: Tree, b: Tree, skills: dict[str, int]) -> None:
    assert both(parse(written(a)), parse(written(b))).holds(skills) is (means(a, skills) and means(b, skills))


@given(TREES, st.lists(SKILLS, max_size=70))
def test_among_many_it_finds_those_for_whom_it_holds(tree: Tree, members_skills: list[dict[str, int]]) -> None:
    """After each member who comes in, more of them than one digit of a whole number has bits."""
    ask, index = parse(written(tree)), SkillIndex()
    assert list(members(ask.among(index))) == []
    for number, skills in enumerate(members_skills, 1):
        index.add(skills)
        assert list(members(ask.among(index))) == [n for n in range(number) if ask.holds(members_skills[n])]


AGENTS = st.dictionaries(
    st.sampled_from([f"a{n}" for n in range(9)]),
    st.builds(
        AgentRules,
        st.just("Agent"),
        st.dictionaries(st.sampled_from(["sales", "service"]), st.integers(1, 2)),
        SKILLS,
        st.integers(1, 2),
    ),
)


@given(TREES, st.lists(AGENTS, min_size=1, max_size=4))
def test_whoever_is_added_changed_or_removed_it_finds_the_agents_of_now(
    tree: Tree, floors: list[dict[str, AgentRules]]
) -> None:
    ask, acd = parse(written(tree)), Acd()
    for at, agents in enumerate(floors):
        acd.handle(say.Configure(at, {name: QueueRules(name) for name in ("sales", "service")}, agents))
        state = acd.state
        pools = list(state.pools.values())
        found = {name for n in members(ask.among(state.index)) for name in pools[n].agents}
        assert found == {name for name, who in agents.items() if ask.holds(who.skills)}
        for queue in state.queues.values():
            found = {name for n in members(ask.among(queue.index)) for name in queue.pools[n].agents}
            assert found == {name for name, who in agents.items() if queue.id in who.queues and ask.holds(who.skills)}


SCRAPS = st.lists(st.sampled_from(["a", "zh", "and", "or", "not", "(", ")", ">=", "<", "=", "!", "3", " ", "é", "-"]))


@given(st.text() | SCRAPS.map(" ".join) | SCRAPS.map("".join))
def test_any_text_is_an_ask_or_an_error_that_points_into_it(text: str) -> None:
    error: AskError | None = None
    try:
        ask = parse(text)
    except AskError as refusal:
        error = refusal
    if error is None:
        assert parse(ask.text) == ask
    else:
        assert 1 <= error.column <= len(text) + 1
        assert error.expectation in str(error)
