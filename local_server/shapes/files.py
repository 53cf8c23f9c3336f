"""Files that come and go: uploads in parts, packages, addresses of results."""

from typing import Annotated

from pydantic import Field

from local_server.shapes.shape import NUMBER_MAX, TIME, WHOLE_ID, Body, Page, PageQuery, Shape, show
from local_server.uploads import FILE_BYTES_MAX

DIGEST = "^[0-9a-f]{64}$"
DIGEST_EXAMPLE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DIGESTS_MAX = 5_000


class BlobPath(Shape):
    """A file in the address, by what it is."""

    blob: str = Field(pattern=DIGEST, description="The SHA-256 of the whole file")


class PartQuery(Shape):
    """Which part of a file is sent."""

    offset: int = Field(
        0, ge=0, le=FILE_BYTES_MAX, description="Where it begins: as much as has arrived already"
    )
    size_bytes: int = Field(
        ge=0, le=FILE_BYTES_MAX, description="How long the whole file is, the same for every part"
    )


class UploadView(Shape):
    """How much of a file has arrived."""

    digest: str = Field(description="The SHA-256 of the whole file", examples=[DIGEST_EXAMPLE])
    received_bytes: int = Field(description="How much has arrived; the next part begins there")
    here: bool = Field(description="Whether it is whole, checked and stored: nothing is to be sent")
    part_bytes_max: int = Field(description="How long a part may be")


class MissingRequest(Body):
    """Files that a client has."""

    model_config = show({"digests": [DIGEST_EXAMPLE]})

    digests: list[Annotated[str, Field(pattern=DIGEST)]] = Field(
        min_length=1, max_length=DIGESTS_MAX, description="The SHA-256 of each file"
    )


class MissingView(Shape):
    """Files that are to be sent."""

    missing: list[str] = Field(description="The SHA-256 of each file that is not here")


class PackagePath(Shape):
    """An uploaded package in the address."""

    package: str = Field(description="The package's id", max_length=64)


class PackageListQuery(PageQuery):
    """Which packages to list."""

    digest: str | None = Field(None, pattern=DIGEST, description="Only those with this manifest")
    limit: int = Field(50, ge=1, le=500, description="How many at most")


class PackageRequest(Body):
    """A package whose files have been uploaded. The same again changes nothing."""

    model_config = show({"id": "lanterns-scene", "manifest": DIGEST_EXAMPLE, "name": "lanterns"})

    id: str | None = Field(
        None, description="Made by the client, so that a retry is safe", pattern=WHOLE_ID
    )
    manifest: str = Field(
        pattern=DIGEST, description="The SHA-256 of its manifest, which is uploaded as a file too"
    )
    name: str | None = Field(None, description="For people; else the scene's name", max_length=200)


class PackageView(Shape):
    """An uploaded package: a scene with every file that it needs."""

    id: str = Field(description="Its id: what a job is made from", examples=["lanterns-scene"])
    digest: str = Field(description="The SHA-256 of its manifest")
    name: str = Field(description="Its name, for people")
    owner: str = Field(description="Whose it is")
    scene: str = Field(description="The scene's path within it")
    files: int = Field(description="How many files it has")
    size_bytes: int = Field(description="How long they are together")
    created_at_ms: int = Field(description=TIME)


class PackagePage(Page):
    """A page of packages."""

    items: list[PackageView] = Field(description="Packages, newest first")


class DownloadQuery(Shape):
    """How a result is sent."""

    download: bool = Field(False, description="Tell a browser to save it under the frame's name")


class AddressQuery(Shape):
    """For how long an address is to be good."""

    seconds: int = Field(3_600, ge=60, le=86_400, description="How long it is good")


class AddressView(Shape):
    """An address in the store itself, good without any other key."""

    url: str = Field(description="Where the file is")
    expires_at_ms: int = Field(le=NUMBER_MAX, description=TIME)
