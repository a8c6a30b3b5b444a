"""A laptop that has kept three days, made once; a test that changes it gets a copy."""

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
ORDERS = "id,day,total,note\n1,2026-01-01,1.50,a\n2,2026-02-01,2.50,b\n3,2026-03-01,3.50,c\n"
CHANGED = "id,day,total,note\n1,2026-01-01,1.50,a\n2,2026-02-01,9.00,b\n4,2026-03-01,4.50,d\n"
MOVED = "id,day,total,note\n1,2026-03-01,1.50,a\n2,2026-02-01,9.00,b\n4,2026-03-01,4.50,d\n"
STORES = "id,name\n7,Brno\n"
TWO_STORES = "id,name\n7,Brno\n8,Praha\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Three generations: of 1, 2 and 3 May."""
    folder = tmp_path_factory.mktemp("past")
    past = make_past(folder, "2026-05-01T12:00:00Z", DESCRIPTION, orders=ORDERS, stores=STORES)
    past.publish("2026-05-02T12:00:00Z", orders=CHANGED)
    past.publish("2026-05-03T12:00:00Z", orders=MOVED, stores=TWO_STORES)
    return past
