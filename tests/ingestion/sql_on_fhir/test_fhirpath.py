from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.errors import ViewError
from ingestion.sql_on_fhir.fhirpath import Binary, Call, Constant, Index, Literal, Member, Negative, This, parse


def test_a_path_becomes_a_tree() -> None:
    assert parse("name.family") == Member(Member(This(), "name"), "family")
    assert parse("name[0]") == Index(Member(This(), "name"), Literal(0))
    assert parse("%use") == Constant("use")


def test_comments_are_passed_over_and_a_constant_may_be_quoted() -> None:
    assert parse(" name // of a person\n . /* the * last */ family // end") == parse("name.family")
    assert parse("%'use'") == parse("%`use`") == Constant("use")
    assert parse("'http://a' /* b */") == Literal("http://a")


def test_and_binds_closer_than_or_and_comparison_closer_than_both() -> None:
    tree = parse("a = 'x' or b and c")
    assert isinstance(tree, Binary)
    assert tree.operator == "or"
    assert tree.right == Binary("and", Member(This(), "b"), Member(This(), "c"))


def test_products_bind_closer_than_sums_and_sums_than_comparisons() -> None:
    a, b, c, d = (Member(This(), name) for name in "abcd")
    assert parse("a + b * c > d") == Binary(">", Binary("+", a, Binary("*", b, c)), d)
    assert parse("-a div b") == Binary("div", Negative(a), b)
    assert parse("text.div") == Member(Member(This(), "text"), "div")


def test_a_function_may_have_a_condition() -> None:
    tree = parse("name.where(use = 'official').first()")
    assert isinstance(tree, Call)
    assert (tree.name, tree.arguments) == ("first", ())


@pytest.mark.parametrize(
    "path",
    [
        "",
        "name.",
        "name.where(",
        "name family",
        "a = ",
        "name[0",
        "a ++",
        "a ~ b",
        "{",
        "name.'x'",
        "a /* b",
        "a /* x */ ~ /* y */ b",
        "// no more",
    ],
)
def test_what_is_not_supported_is_refused_in_one_sentence(path: str) -> None:
    with pytest.raises(ViewError) as caught:
        parse(path)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    with contextlib.suppress(ViewError):
        parse(text)


@given(st.text())
def test_a_quoted_text_is_that_text(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    assert parse(f"'{quoted}'") == Literal(text)
