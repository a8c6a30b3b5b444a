"""The API for programs of people, below ``/api/v1``: tokens instead of sessions, JSON alone."""

from .blueprint import api_blueprint
from .operations import OPERATIONS

__all__ = ["OPERATIONS", "api_blueprint"]
