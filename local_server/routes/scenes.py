"""What routes about scenes are asked, as the preparation takes it."""

from pathlib import Path

from local_server.access import Right
from local_server.farm.errors import Unfit
from local_server.farm.packages import get_package
from local_server.preparation import Request
from local_server.routes.arguments import check_path
from local_server.services import here
from local_server.shapes.scenes import SceneRequest

PATH_ERRORS = ("scene_not_absolute", "out_not_absolute", "find_in_not_absolute")
REQUEST_ERRORS = (
    "find_in_missing",
    "frames_empty",
    "frames_gap",
    "frames_huge",
    "frames_not_a_range",
    "frames_reversed",
    "frames_too_far",
    "scene_is_folder",
    "scene_missing",
    "scene_unreadable",
    "size_incomplete",
)


def read_request(body: SceneRequest) -> Request:
    """Return what is asked for, with the uploaded package that it speaks of looked up.

    Raises BadInput `scene_not_absolute`, `out_not_absolute` and `find_in_not_absolute`, NotFound
    `no_package`, Refused `not_at_this_machine`, Unfit `scene_or_package`.
    """
    if (body.scene is None) == (body.package is None):
        raise Unfit("scene_or_package")
    if body.scene is not None or body.out is not None or body.find_in:
        here.check_at_machine()
    asked = body.model_dump()
    if body.package is not None:
        row = get_package(here.reader, package=body.package)
        here.check_reach("package", row["id"], owner=row["owner"], right=Right.OWNER)
        asked |= {"scene": row["scene"], "package": row["digest"]}
    else:
        check_path(asked["scene"], "scene_not_absolute")
    if body.out is not None:
        check_path(body.out, "out_not_absolute")
    for folder in body.find_in:
        check_path(folder, "find_in_not_absolute")
    return Request(**{name: asked[name] for name in Request.__slots__ if name in asked})


def name_scene(request: Request) -> str:
    """Return what a job is called whose artist gave it no name."""
    return Path(request.scene).stem
