"""The log of requests: a line for each, with nothing of what its client sent."""

import logging

from gateway.reports import Ending, Report

logger = logging.getLogger(__name__)


def log_request(report: Report) -> None:
    """Log a request that is over."""
    if report.ending is Ending.REFUSED:
        # A client's mistake: told once, in short.
        logger.info(
            "refused with %s: %s",
            report.status,
            ", ".join(sorted(set(report.codes))),
            extra={"support_id": report.support_id, "caller": report.caller},
        )
