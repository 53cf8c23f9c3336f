"""OSS's errors: code, HTTP status, message and the EC that its documentation gives."""

from collections.abc import Mapping

# Code: (HTTP status, message, EC). Where no EC is documented, the code's own family stands.
_KNOWN: dict[str, tuple[int, str, str]] = {
    "AccessDenied": (403, "You have no right to access this object.", "0003-00000001"),
    "BadRequest": (400, "The request is malformed.", "0002-00000001"),
    "BucketAlreadyExists": (409, "The requested bucket name is not available.", "0015-00000104"),
    "BucketNotEmpty": (409, "The bucket you tried to delete is not empty.", "0015-00000301"),
    "EntityTooSmall": (
        400,
        "Your proposed upload smaller than the minimum allowed size.",
        "0042-00000107",
    ),
    "FieldItemTooLong": (400, "The length of the field exceeds the limit.", "0006-00000221"),
    "FileAlreadyExists": (
        409,
        "The object you specified already exists and can not be overwritten.",
        "0042-00000214",
    ),
    "InternalError": (500, "A mistake of the test server's own.", "0099-00000001"),
    "InvalidAccessKeyId": (
        403,
        "The OSS Access Key Id you provided does not exist in our records.",
        "0002-00000902",
    ),
    "InvalidArgument": (400, "Invalid Argument.", "0016-00000502"),
    "InvalidBucketName": (400, "The specified bucket is not valid.", "0015-00000001"),
    "InvalidDigest": (400, "The Content-MD5 you specified is not valid.", "0016-00000208"),
    "InvalidEncryptionAlgorithmError": (
        400,
        "The encryption algorithm is not valid.",
        "0016-00000301",
    ),
    "InvalidObjectState": (
        403,
        "The operation is not valid for the object's state",
        "0041-00000301",
    ),
    "InvalidObjectName": (400, "The specified object is not valid.", "0016-00000001"),
    "InvalidPart": (
        400,
        "One or more of the specified parts could not be found or the specified entity tag"
        " might not have matched the part's entity tag.",
        "0042-00000111",
    ),
    "InvalidPartOrder": (
        400,
        "The list of parts was not in ascending order. The parts list must be specified in"
        " order by part number.",
        "0042-00000110",
    ),
    "InvalidRange": (416, "The requested range cannot be satisfied", "0041-00000001"),
    "InvalidTag": (400, "The tag is not valid.", "0016-00000801"),
    "InvalidTargetType": (400, "The target of the symlink is one itself.", "0019-00000002"),
    "MalformedXML": (
        400,
        "The XML you provided was not well-formed or did not validate against our published"
        " schema.",
        "0016-00000601",
    ),
    "MethodNotAllowed": (
        405,
        "The specified method is not allowed against this resource.",
        "0017-00000606",
    ),
    "MissingArgument": (400, "An argument is missing.", "0016-00000501"),
    "MissingContentLength": (411, "You must provide the Content-Length.", "0017-00000501"),
    "NoSuchBucket": (404, "The specified bucket does not exist.", "0015-00000101"),
    "NoSuchKey": (404, "The specified key does not exist.", "0026-00000001"),
    "NoSuchUpload": (
        404,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may"
        " have been aborted or completed.",
        "0042-00000002",
    ),
    "NoSuchVersion": (404, "The specified version does not exist.", "0026-00000002"),
    "NotImplemented": (
        501,
        "A header or a parameter implies functionality that is not implemented.",
        "0017-00000001",
    ),
    "NotModified": (304, "Not Modified", "0046-00000001"),
    "NotSymlink": (400, "The object is not symlink.", "0019-00000001"),
    "ObjectNotAppendable": (409, "The object is not appendable", "0026-00000010"),
    "OperationNotSupported": (400, "The operation is not supported.", "0016-00000701"),
    "PartNotSequential": (400, "The parts are not in sequence.", "0042-00000301"),
    "PositionNotEqualToLength": (
        409,
        "Position is not equal to file length",
        "0026-00000016",
    ),
    "PreconditionFailed": (
        412,
        "At least one of the pre-conditions you specified did not hold.",
        "0026-00000002",
    ),
    "RequestTimeTooSkewed": (
        403,
        "The difference between the request time and the current time is too large.",
        "0002-00000504",
    ),
    "RequestTimeout": (400, "The request body did not arrive whole.", "0017-00000902"),
    "RestoreAlreadyInProgress": (409, "The restore operation is in progress.", "0031-00000001"),
    "ServiceUnavailable": (503, "Please reduce your request rate.", "0048-00000001"),
    "SignatureDoesNotMatch": (
        403,
        "The request signature we calculated does not match the signature you provided."
        " Check your key and signing method.",
        "0002-00000201",
    ),
    "SymlinkTargetNotExist": (404, "The symlink target object does not exist", "0026-00000024"),
    "TooManyBuckets": (400, "You have attempted to create too many buckets.", "0015-00000201"),
}


class OssError(Exception):
    """A refusal as OSS words it; `details` are further elements of the answer's document."""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        ec: str = "",
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status, known_message, known_ec = _KNOWN.get(code, (404, code, "0015-00000999"))
        self.message = message or known_message
        self.ec = ec or known_ec
        self.details = dict(details or {})
        self.headers = dict(headers or {})


def no_such_setting(code: str) -> OssError:
    """Return the error for a bucket's setting that was never made."""
    return OssError(code, "The configuration does not exist.")
