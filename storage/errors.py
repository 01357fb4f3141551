"""What storage refuses, as typed errors."""


class StorageError(Exception):
    """Raised when storage refuses something; the text is safe to log."""


class DatabaseBusyError(StorageError):
    """Raised when the database's single writer's place was not free in time; the platform repeats the message."""


class KeyTakenError(StorageError):
    """Raised when a message was stored by somebody else since it was looked for; a second look finds it."""


class StaleVersionError(StorageError):
    """Raised when a row was changed by somebody else since it was read."""


class ForbiddenTransitionError(StorageError):
    """Raised when a report cannot go from its state to the one asked for."""


class SamePersonError(ForbiddenTransitionError):
    """Raised when somebody would close what they said themselves was mended."""


class AlreadyExtendedError(ForbiddenTransitionError):
    """Raised when more time is asked for or given a second time."""


class TooLateError(ForbiddenTransitionError):
    """Raised when a reporter would reopen what was closed too long ago."""


class SealError(StorageError):
    """Raised when sealed bytes cannot be opened: a wrong key, a wrong purpose, or damage."""


class UnknownRowError(StorageError):
    """Raised when a row that must exist does not."""


class MissingReasonError(StorageError):
    """Raised when a verdict that needs a reason comes without one."""


class WrongSchemaError(StorageError):
    """Raised when the database's schema is not the one that this program needs."""
