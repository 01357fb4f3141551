"""Why a request at the webhook is refused."""


class ForgedError(Exception):
    """Raised when a request does not prove that it comes from the platform; answered with 403, nothing is stored."""


class UnreadableError(Exception):
    """Raised when a genuine request carries no message that can be read; acknowledged and kept for a person.

    The text names the kind of the trouble in lower_snake_case, never a value.
    """


class HandlerFailedError(Exception):
    """Raised when a handler broke; its work is rolled back and the message is kept as failed."""
