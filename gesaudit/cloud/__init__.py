"""All that speaks to Huawei Cloud: requests, retries, and reading a list until it is proven complete.

The only room that imports the HTTP client. Nothing here judges.
"""

from __future__ import annotations

from gesaudit.model import Fault


class CloudError(Exception):
    """A request that came to nothing. A graph's evidence carries its fault as a value;
    the error itself leaves this room only where a target cannot be opened at all."""

    def __init__(
        self,
        fault: Fault,
        *,
        passing: bool = False,
        retry_after: float | None = None,
        throttled: bool = False,
        smaller_may_help: bool = False,
        answered: bool = True,
    ) -> None:
        """`passing`: may succeed when asked again. `retry_after`: seconds that the service asks to wait.
        `smaller_may_help`: a smaller `limit` may be accepted. `answered`: the service said something at all."""
        super().__init__(fault.message)
        self.fault = fault
        self.passing = passing
        self.retry_after = retry_after
        self.throttled = throttled
        self.smaller_may_help = smaller_may_help
        self.answered = answered
