"""Verdicts: what the fold says of an operation, and why; the same on every machine."""

from enum import StrEnum


class Verdict(StrEnum):
    """What an operation, or a whole entry, comes to."""

    GOOD = "good"
    MALFORMED = "malformed"
    WRONG_PLACE = "wrong_place"
    WRONG_PREVIOUS = "wrong_previous"
    UNKNOWN_SIGNER = "unknown_signer"
    FORGED = "forged"
    TIME_FELL = "time_fell"
    NOT_ALLOWED = "not_allowed"
    REPEATED = "repeated"
    UNKNOWN_DEVICE = "unknown_device"
    POOL_TOO_SMALL = "pool_too_small"
    LEASE_TOO_SMALL = "lease_too_small"
    HOLD_TOO_SMALL = "hold_too_small"
    HOLD_OF_ANOTHER = "hold_of_another"
    WRONG_CUT = "wrong_cut"
