"""Signatures: V1 and V4, in the Authorization header and in a pre-signed URL, verified."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from tests.oss_server.errors import OssError
from tests.oss_server.exchange import Request

SKEW_MS_MAX = 15 * 60 * 1000
_V4 = "OSS4-HMAC-SHA256"
_V4_EXPIRES_S_MAX = 7 * 24 * 3600
_V4_SUFFIX = "aliyun_v4_request"
_SIGNED_ALWAYS = ("content-type", "content-md5")
# The parameters that V1 signs; all others it leaves open.
_V1_PARAMS_TEXT = (
    "accessPoint accessPointPolicy acl append asyncFetch bucketArchiveDirectRead bucketInfo"
    " callback callback-var cname comp continuation-token cors delete encryption endTime group"
    " httpsConfig inventory inventoryId lifecycle link live location logging metaQuery objectInfo"
    " objectMeta partNumber policy position publicAccessBlock qos qosInfo qosRequester"
    " redundancyTransition referer regionList replication replicationLocation replicationProgress"
    " requestPayment requesterQosInfo resourceGroup resourcePool resourcePoolBuckets"
    " resourcePoolInfo response-cache-control response-content-disposition"
    " response-content-encoding response-content-language response-content-type response-expires"
    " restore security-token sequential startTime stat status style styleName symlink tagging"
    " transferAcceleration uploadId uploads versionId versioning versions vod website worm"
    " wormExtend wormId x-oss-ac-forward-allow x-oss-ac-source-ip x-oss-ac-subnet-mask"
    " x-oss-ac-vpc-id x-oss-access-point-name x-oss-async-process x-oss-process"
    " x-oss-redundancy-transition-taskid x-oss-request-payer x-oss-target-redundancy-type"
    " x-oss-traffic-limit x-oss-write-get-object-response"
)
_V1_PARAMS = frozenset(_V1_PARAMS_TEXT.split())


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key; `may_write` False stands for a user with read rights only."""

    id: str
    secret: str
    may_write: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """Who may come in: the credentials, the region they sign for, and the server's clock."""

    credentials: Mapping[str, Credential]
    region: str
    clock_ms: Callable[[], int]

    def admit(self, request: Request) -> Credential | None:
        """Return whose request it is, or None for a request without a signature.

        Raises `OssError`: `SignatureDoesNotMatch`, `InvalidAccessKeyId`, `RequestTimeTooSkewed`,
        `AccessDenied` (a URL that expired), `InvalidArgument`.
        """
        authorization = request.headers.get("authorization", "")
        if authorization.startswith(_V4):
            return self._admit_v4_header(request, authorization)
        if authorization.startswith("OSS "):
            return self._admit_v1_header(request, authorization)
        if authorization:
            raise OssError("InvalidArgument", "Unsupported authorization type.")
        if request.params.get("x-oss-signature-version"):
            return self._admit_v4_url(request)
        if request.has("OSSAccessKeyId"):
            return self._admit_v1_url(request)
        return None

    def _find(self, id: str) -> Credential:
        credential = self.credentials.get(id)
        if credential is None:
            raise OssError("InvalidAccessKeyId", details={"OSSAccessKeyId": id})
        return credential

    def _check_clock(self, at_ms: int) -> None:
        now_ms = self.clock_ms()
        if abs(now_ms - at_ms) > SKEW_MS_MAX:
            details = {
                "RequestTime": _write_iso(at_ms),
                "ServerTime": _write_iso(now_ms),
                "MaxAllowedSkewMilliseconds": str(SKEW_MS_MAX),
            }
            raise OssError("RequestTimeTooSkewed", details=details)

    # --- V1 ---

    def _admit_v1_header(self, request: Request, authorization: str) -> Credential:
        id, colon, signature = authorization.removeprefix("OSS ").partition(":")
        if not colon:
            raise OssError("InvalidArgument", "Authorization header is invalid.")
        credential = self._find(id)
        date = request.headers.get("x-oss-date") or request.headers.get("date", "")
        self._check_clock(_parse_date(date))
        _compare(signature, credential, _v1_text(request, date), _sign_v1)
        return credential

    def _admit_v1_url(self, request: Request) -> Credential:
        credential = self._find(request.params["OSSAccessKeyId"])
        expires = request.params.get("Expires", "")
        if not expires.isdigit() or "Signature" not in request.params:
            raise OssError("AccessDenied", "Signature or Expires is missing or malformed.")
        if int(expires) * 1000 < self.clock_ms():
            raise _expired(int(expires) * 1000)
        _compare(request.params["Signature"], credential, _v1_text(request, expires), _sign_v1)
        return credential

    # --- V4 ---

    def _admit_v4_header(self, request: Request, authorization: str) -> Credential:
        fields = dict(
            part.strip().partition("=")[::2]
            for part in authorization.removeprefix(_V4).strip().split(",")
        )
        if not {"Credential", "Signature"} <= fields.keys():
            raise OssError("InvalidArgument", "Authorization header is invalid.")
        if request.headers.get("x-oss-content-sha256") != "UNSIGNED-PAYLOAD":
            raise OssError("InvalidArgument", "x-oss-content-sha256 must be UNSIGNED-PAYLOAD.")
        date = request.headers.get("x-oss-date", "")
        credential, scope = self._check_scope(fields["Credential"], date, "Authorization header")
        self._check_clock(_parse_date(date))
        more = [name for name in fields.get("AdditionalHeaders", "").split(";") if name]
        text = _v4_text(request, more, date, scope)
        _compare(
            fields["Signature"], credential, text, lambda key, data: _sign_v4(key, data, scope)
        )
        return credential

    def _admit_v4_url(self, request: Request) -> Credential:
        params = request.params
        if params["x-oss-signature-version"] != _V4:
            raise OssError("InvalidArgument", "Invalid signature version.")
        date, expires = params.get("x-oss-date", ""), params.get("x-oss-expires", "")
        given = params.get("x-oss-credential", "")
        credential, scope = self._check_scope(given, date, "Authorization query parameters")
        if not expires.isdigit() or not 0 < int(expires) <= _V4_EXPIRES_S_MAX:
            raise OssError("InvalidArgument", "x-oss-expires must be between 1 and 604800.")
        began_ms = _parse_date(date)
        if began_ms > self.clock_ms() + SKEW_MS_MAX:
            raise OssError("AccessDenied", "Request is not valid yet.", ec="0002-00000235")
        if began_ms + int(expires) * 1000 < self.clock_ms():
            raise _expired(began_ms + int(expires) * 1000)
        more = [name for name in params.get("x-oss-additional-headers", "").split(";") if name]
        text = _v4_text(request, more, date, scope)
        signature = params.get("x-oss-signature", "")
        _compare(signature, credential, text, lambda key, data: _sign_v4(key, data, scope))
        return credential

    def _check_scope(self, given: str, date: str, where: str) -> tuple[Credential, str]:
        id, _, scope = given.partition("/")
        parts = scope.split("/")
        if len(parts) != 4 or parts[2:] != ["oss", _V4_SUFFIX]:
            raise OssError("InvalidArgument", f"Invalid credential in {where}.", ec="0002-00000213")
        if parts[0] != date[:8]:
            raise OssError("InvalidArgument", f"Invalid signing date in {where}.")
        if parts[1] != self.region:
            in_url = "The signing region in credential is invalid."
            message = f"Invalid signing region in {where}." if "header" in where else in_url
            raise OssError("InvalidArgument", message, ec="0002-00000226")
        return self._find(id), scope


def _compare(
    given: str, credential: Credential, text: bytes, sign: Callable[[str, bytes], str]
) -> None:
    if not hmac.compare_digest(given.encode(), sign(credential.secret, text).encode()):
        details = {
            "OSSAccessKeyId": credential.id,
            "SignatureProvided": given,
            "StringToSign": text.decode(errors="replace"),
            "StringToSignBytes": text.hex(" ").upper(),
        }
        raise OssError("SignatureDoesNotMatch", details=details)


def _expired(at_ms: int) -> OssError:
    details = {"Expires": _write_iso(at_ms)}
    return OssError("AccessDenied", "Request has expired.", ec="0002-00000069", details=details)


def _sign_v1(secret: str, text: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), text, "sha1")).decode()


def _sign_v4(secret: str, text: bytes, scope: str) -> str:
    key = f"aliyun_v4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text, "sha256").hex()


def _v1_text(request: Request, date: str) -> bytes:
    resource = f"/{request.bucket}/{request.key}" if request.bucket else "/"
    signed = sorted((name, value) for name, value in request.params.items() if name in _V1_PARAMS)
    if signed:
        resource += "?" + "&".join(f"{name}={value}" if value else name for name, value in signed)
    lines = [
        request.method.encode(),
        _raw(request.headers.get("content-md5", "")),
        _raw(request.headers.get("content-type", "")),
        date.encode(),
        _canonical_headers(request, lambda name: name.startswith("x-oss-")) + resource.encode(),
    ]
    return b"\n".join(lines)


def _v4_text(request: Request, more: list[str], date: str, scope: str) -> bytes:
    path = f"/{request.bucket}/{request.key}" if request.bucket else "/"
    pairs = sorted(
        (quote(name, safe=""), quote(value, safe=""))
        for name, value in request.params.items()
        if name != "x-oss-signature"
    )
    query = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    signed = {*_SIGNED_ALWAYS, *more}
    headers = _canonical_headers(request, lambda name: name.startswith("x-oss-") or name in signed)
    payload = request.headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD")
    canonical = b"\n".join(
        [
            request.method.encode(),
            quote(path, safe="/").encode(),
            query.encode(),
            headers,
            ";".join(sorted(more)).encode(),
            payload.encode(),
        ]
    )
    return "\n".join([_V4, date, scope, hashlib.sha256(canonical).hexdigest()]).encode()


def _canonical_headers(request: Request, is_signed: Callable[[str], bool]) -> bytes:
    lines = sorted((name, value) for name, value in request.headers.items() if is_signed(name))
    return b"".join(name.encode() + b":" + _raw(value.strip()) + b"\n" for name, value in lines)


def _raw(value: str) -> bytes:
    """Return a header's bytes as they came over the wire."""
    return value.encode("latin-1")


def _parse_date(text: str) -> int:
    try:
        if re.fullmatch(r"\d{8}T\d{6}Z", text):
            moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        else:
            moment = parsedate_to_datetime(text)
        return int(moment.timestamp() * 1000)
    except (ValueError, TypeError):
        raise OssError(
            "AccessDenied",
            "OSS authentication requires a valid Date.",
            ec="0002-00000505",
        ) from None


def _write_iso(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
