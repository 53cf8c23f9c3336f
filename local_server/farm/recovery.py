"""Recovery: what a one-time code lets a person do, in the transaction that uses the code up."""

from sqlite_utils import Database

from local_server.farm.codes import Purpose, try_code
from local_server.farm.people import change_password, note_email_verified


def reset_password(
    db: Database, *, account: str, code_hash: str, password: str, at_ms: int
) -> bool:
    """Set a new password's hash by a code, and end every session.

    False for a wrong code, which raises nothing: the try has to be counted.
    """
    purpose = Purpose.PASSWORD
    if try_code(db, account=account, purpose=purpose, code_hash=code_hash, at_ms=at_ms) is None:
        return False
    change_password(db, account=account, password=password, but=None, at_ms=at_ms)
    return True


def verify_email(db: Database, *, account: str, code_hash: str, at_ms: int) -> bool:
    """Note by a code that an e-mail is a person's own; False for a wrong code."""
    used = try_code(db, account=account, purpose=Purpose.EMAIL, code_hash=code_hash, at_ms=at_ms)
    return used is not None and note_email_verified(
        db, account=account, email=str(used["email"]), at_ms=at_ms
    )
