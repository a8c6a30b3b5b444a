from __future__ import annotations

from itertools import pairwise

from broker.portal.drawing.relations import relation_graph


def test_a_table_stands_between_those_that_refer_to_it_and_those_it_refers_to() -> None:
    graph = relation_graph(
        "shop/orders",
        [("shop/items", ["order_id"]), ("shop/refunds", ["order_id"])],
        [("shop/customers", ["customer_id", "payer_id"])],
    )
    assert graph is not None
    assert [node.path for node in graph.left] == ["shop/items", "shop/refunds"]
    assert [node.columns for node in graph.right] == ["customer_id, payer_id"]
    assert len(graph.edges) == 3
    assert all(node.x + node.width <= graph.here.x for node in graph.left)
    assert all(node.x >= graph.here.x + graph.here.width for node in graph.right)
    nodes = [*graph.left, *graph.right, graph.here]
    assert all(one.y >= 0 and one.y + one.height <= graph.height for one in nodes)
    assert all(one.x >= 0 and one.x + one.width <= graph.width for one in nodes)


def test_many_tables_do_not_overlap_and_the_rest_is_counted() -> None:
    graph = relation_graph("a/b", [(f"x/t{at}", ["id"]) for at in range(100)], [])
    assert graph is not None
    assert len(graph.left) == 10
    assert graph.left_out == 90
    assert all(one.y + one.height < other.y for one, other in pairwise(graph.left))


def test_a_long_name_is_cut_at_its_beginning() -> None:
    graph = relation_graph("a/b", [("folder/" + "x" * 40 + "_end", ["c" * 1_000])], [])
    assert graph is not None
    assert graph.left[0].name.startswith("…")
    assert graph.left[0].name.endswith("_end")
    assert len(graph.left[0].columns) == 25


def test_a_table_alone_has_no_graph() -> None:
    assert relation_graph("a/b", [], []) is None
