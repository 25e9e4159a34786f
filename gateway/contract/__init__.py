"""The contract check: does the real PayEx match what the gateway assumes of it?

It requests every route once with the configured credentials, and compares the answers with PayEx's
documentation and with the gateway's assumptions. It reports names and types of members, never a
value: its report can be sent to anybody.
"""

from gateway.contract.check import check, objection
from gateway.contract.examination import Status
from gateway.contract.walk import CheckNumbers

__all__ = ["CheckNumbers", "Status", "check", "objection"]
