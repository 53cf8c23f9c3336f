"""Settings of a bucket that are kept and told but not acted upon: tags, CORS, life cycle, ..."""

from collections.abc import Mapping

from tests.oss_server.documents import read_document
from tests.oss_server.errors import OssError, no_such_setting
from tests.oss_server.exchange import Answer, Request, document_answer
from tests.oss_server.objects import Desk

# What a GET answers where nothing was set: a code, or a document.
SETTINGS: Mapping[str, str] = {
    "cors": "NoSuchCORSConfiguration",
    "encryption": "NoSuchServerSideEncryptionRule",
    "lifecycle": "NoSuchLifecycle",
    "logging": "<BucketLoggingStatus/>",
    "policy": "NoSuchBucketPolicy",
    "referer": "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
    "<RefererList/></RefererConfiguration>",
    "requestPayment": "<RequestPaymentConfiguration><Payer>BucketOwner</Payer>"
    "</RequestPaymentConfiguration>",
    "tagging": "<Tagging><TagSet/></Tagging>",
    "transferAcceleration": "NoSuchTransferAccelerationConfiguration",
    "website": "NoSuchWebsiteConfiguration",
}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def find_setting(request: Request) -> str | None:
    """Return the setting that a request is about, or None."""
    return next((name for name in SETTINGS if request.has(name)), None)


def put_setting(desk: Desk, request: Request) -> Answer:
    """PUT a setting: any document that is well-formed, a policy as JSON."""
    name, body = find_setting(request), request.read_body()
    assert name is not None
    if name != "policy":
        read_document(body)
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        bucket.settings[name] = body.decode()
        desk.state.keep_bucket(bucket)
    return Answer()


def get_setting(desk: Desk, request: Request) -> Answer:
    """GET a setting as it was sent."""
    name = find_setting(request)
    assert name is not None
    kept = desk.state.get_bucket(request.bucket).settings.get(name)
    if kept is not None:
        return document_answer(kept.encode())
    default = SETTINGS[name]
    if not default.startswith("<"):
        raise no_such_setting(default)
    return document_answer((_HEAD + default).encode())


def delete_setting(desk: Desk, request: Request) -> Answer:
    """DELETE a setting; once more does no harm."""
    name = find_setting(request)
    assert name is not None
    if name == "logging" and request.params.get(name):
        raise OssError("InvalidArgument")
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        bucket.settings.pop(name, None)
        desk.state.keep_bucket(bucket)
    return Answer(status=204)
