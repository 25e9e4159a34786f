"""The contract check: is the real PayEx what the gateway assumes it to be?

It asks every route once with the configured credentials and compares what comes back with what
PayEx documents and with what the gateway assumes. It tells names and types of members, never a
value: what it prints can be sent to anybody.
"""

from gateway.contract.check import check, objection
from gateway.contract.examination import Status
from gateway.contract.walk import CheckNumbers

__all__ = ["CheckNumbers", "Status", "check", "objection"]
