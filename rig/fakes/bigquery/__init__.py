"""BigQuery over real sockets, for tests: REST as `google-cloud-bigquery` speaks it, and gRPC.

DuckDB runs the SQL. What it does not have of GoogleSQL, this does not either.
"""

from .faults import Fault
from .standin import StandIn

__all__ = ["Fault", "StandIn"]
