"""Names, addresses and numbers that people are known and reached by: what counts as one."""

import unicodedata

import phonenumbers

from local_server.farm.errors import Unfit

NAME_LETTERS_MIN, NAME_LETTERS_MAX = 2, 40
HOME_REGION = "CN"


def check_name(text: str) -> str:
    """Return a name as it is kept: one spelling, single blanks, nothing invisible.

    People sign in by it or by their e-mail, so a name holds no `@`. Raises Unfit `name_wrong`.
    """
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    # Other, Separator, Surrogate...: characters that nobody sees make two names look like one.
    unseen = any(unicodedata.category(letter)[0] == "C" for letter in name)
    fits = NAME_LETTERS_MIN <= len(name) <= NAME_LETTERS_MAX
    letters = any(unicodedata.category(letter)[0] in "LN" for letter in name)
    if unseen or not fits or not letters or "@" in name:
        raise Unfit("name_wrong", least=NAME_LETTERS_MIN, most=NAME_LETTERS_MAX)
    return name


def check_phone(text: str) -> str:
    """Return a telephone number as E.164 (`+8613800138000`); without `+` it is a Chinese one.

    Raises Unfit `phone_wrong`.
    """
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException as error:
        raise Unfit("phone_wrong") from error
    if not phonenumbers.is_valid_number(number):
        raise Unfit("phone_wrong")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
