"""People as the interface shows them."""

from local_server.farm.people import Person
from local_server.shapes.people import PersonView


def show_person(person: Person, *, whole: bool) -> PersonView:
    """Return a person; `whole` with how to reach them, which is for themselves and admins."""
    return PersonView(
        id=person.id,
        name=person.name,
        role=person.role,
        level=person.level,
        email=person.email if whole else None,
        email_verified=person.email_verified_at_ms is not None,
        phone=person.phone if whole else None,
        has_password=person.password is not None,
        has_avatar=person.avatar is not None,
        created_at_ms=person.created_at_ms,
        removed_at_ms=person.removed_at_ms,
    )
