"""An imitation of the PayEx Billing Usage API, to try the gateway and to test it against.

It is written from PayEx's pages alone and shares no code with the gateway's own client, so that
the two check each other.
"""

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.catalogue import CATALOGUE, Example
from gateway.sandbox.faults import SandboxFault
from gateway.sandbox.ledgers import TOKENS
from gateway.sandbox.problems import ProblemStyle

__all__ = ["CATALOGUE", "TOKENS", "Example", "ProblemStyle", "SandboxFault", "create_sandbox"]
