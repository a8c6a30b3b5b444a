"""A laptop that has kept four days of tables that drift, made once; tests only read it."""

from __future__ import annotations

import pytest

from .pasts import Past, make_past

DESCRIPTION = """# Shop

```yaml
folder_mapping: {in.c-shop: shop}
tables:
  - id: in.c-shop.orders
    primary_key: id
    partition_by: day
    types: {id: BIGINT, day: DATE, total: "DECIMAL(12,2)", note: VARCHAR}
  - id: in.c-shop.stores
    types: {id: BIGINT}
```
"""
# What the four days have beside the two tables.
MORE = """  - id: in.c-shop.drifting
    primary_key: id
  - id: in.c-shop.odd-name
    primary_key: 'the "id"'
  - id: in.c-shop.emptied
    primary_key: id
    max_delete_fraction: 1
"""
GONE = """  - id: in.c-shop.closed
    primary_key: id
"""
ORDERS = "id,day,total,note\n1,2026-01-01,1.50,a\n2,2026-02-01,2.50,b\n3,2026-03-01,3.50,c\n"
CHANGED = "id,day,total,note\n1,2026-01-01,1.50,a\n2,2026-02-01,9.00,b\n4,2026-03-01,4.50,d\n"
MOVED = "id,day,total,note\n1,2026-03-01,1.50,a\n2,2026-02-01,9.00,b\n4,2026-03-01,4.50,d\n"
STORES = "id,name\n7,Brno\n"
TWO_STORES = "id,name\n7,Brno\n8,Praha\n"
ODD = 'the "id",it\'s\n1,x\n'


def described(text: str) -> str:
    """The description with these tables after the others."""
    return DESCRIPTION.rsplit("```", 1)[0] + text + "```\n"


@pytest.fixture(scope="package")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Generations of 1 to 4 May, each at noon."""
    past = make_past(
        tmp_path_factory.mktemp("kept"),
        "2026-05-01T12:00:00Z",
        described(MORE + GONE),
        orders=ORDERS,
        stores=STORES,
        drifting="id,value\n1,10\n2,20\n",
        emptied="id,value\n1,10\n",
        closed="id\n1\n",
        **{"odd-name": ODD},
    )
    past.publish(
        "2026-05-02T12:00:00Z",
        orders=CHANGED,
        drifting="id,value\n1,10\n2,20.5\n",
        emptied="id,value\n",
        **{"odd-name": ODD.replace("x", "y")},
    )
    config = past.scene.instance.config / "data_description.md"
    config.write_text(described(MORE))
    past.publish(
        "2026-05-03T12:00:00Z",
        orders=MOVED,
        stores=TWO_STORES,
        drifting="id,value,note\n1,10,\n2,20.5,new\n",
    )
    rekeyed = MORE.replace("drifting\n    primary_key: id", "drifting\n    primary_key: [id, note]")
    config.write_text(described(rekeyed))
    past.publish("2026-05-04T12:00:00Z", drifting="id,value,note\n1,10,old\n2,20.5,new\n")
    return past
