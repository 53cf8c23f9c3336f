"""Scenes that are rendered elsewhere: brought there as packages, their frames fetched back.

What traces, hashes and fetches files takes a while to load, and is loaded only where it is needed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_server.cli.answers import Answer
from local_server.cli.link import Link
from local_server.cli.package_ids import find_package
from local_server.cli.session import Session, make_absolute

if TYPE_CHECKING:
    from sync.package import PackagePlan


def plan_journey(session: Session, request: dict[str, Any]) -> "PackagePlan | None":
    """Return what has to be brought to the server, None where it opens the scene itself.

    Missing files are looked for on this machine's disk, so the server hears of no folders.
    """
    if session.server is None or "scene" not in request:
        return None
    return plan_scene(session, request["scene"], find_in=request.pop("find_in", ()))


def bring_scene(
    session: Session, link: Link, request: dict[str, Any], plan: "PackagePlan | None"
) -> Path | None:
    """Let a request speak of an uploaded package where the server is to have one.

    Returns the folder into which the frames are to be fetched; None where the server itself puts
    them into one, or they stay there until somebody fetches them.
    """
    if "package" in request:
        request["package"] = find_package(link.client, request["package"])["id"]
    if session.server is None:
        return None
    folder = request.pop("out", None)
    if plan is not None:
        scene = Path(request.pop("scene"))
        request["package"] = upload_package(session, link, plan, name=None)["id"]
        folder = folder or scene.with_name(f"{scene.stem}-frames")
    return None if folder is None else Path(folder)


def fetch_results(session: Session, link: Link, job: str, folder: Path) -> None:
    """Fetch a job's finished frames into a folder, and show how far that is."""
    from local_server.cli.downloading import fetch_frames
    from local_server.cli.meters import open_meter

    with open_meter(session) as meter:
        fetch_frames(link, job, folder, meter=meter)


def upload_package(
    session: Session, link: Link, plan: "PackagePlan", *, name: str | None
) -> Answer:
    """Bring a planned package to the server, and show how far it is; return the package."""
    from local_server.cli.meters import open_meter
    from local_server.cli.sending import send_package

    try:
        with open_meter(session) as meter:
            return send_package(session, link, plan, name=name, meter=meter)
    except KeyboardInterrupt:
        session.note("upload_interrupted")
        raise


def plan_scene(session: Session, scene: str, *, find_in: Sequence[str] = ()) -> "PackagePlan":
    """Return what a scene's package will hold, as the scene's renderer is described here.

    Missing files are looked for in the folders of `find_in`. Raises Unfit `find_in_missing`, and
    BadInput as `plan_package` does.
    """
    from render.renderers import list_libraries, read_specs
    from sync.lost_files import LostFiles, check_folders
    from sync.package import plan_package

    check_folders(find_in)
    lost = LostFiles([Path(folder) for folder in find_in])

    path = Path(make_absolute(scene))
    specs = read_specs(session.find_data() / "renderers")
    spec = next((one for one in specs if path.suffix.lower() in one.scenes), None)
    if spec is None:
        return plan_package(path, lost=lost)
    return plan_package(
        path,
        asset_patterns=[one.pattern for one in spec.asset_patterns],
        comment_patterns=[one.pattern for one in spec.comment_patterns],
        library_folders=list_libraries(spec),
        sidecars=spec.sidecars,
        lost=lost,
    )


def tell_findings(
    session: Session, plans: Sequence["PackagePlan"], request: dict[str, Any]
) -> bool:
    """Tell what the scenes miss and what is odd; False where that keeps them from being sent."""
    from local_server.cli.tables import print_finding, print_findings
    from local_server.findings import list_package_findings
    from render.findings import Severity

    found: list[Answer] = []
    for plan in plans:
        for one in list_package_findings(plan, allow_missing=request.get("allow_missing", False)):
            words = session.say(one.code, **one.params)
            told = {"code": one.code, "severity": str(one.severity), "params": one.params}
            found.append(told | {"title": words.title, "detail": words.detail})
    blocked = any(one["severity"] == Severity.BLOCKER for one in found)
    if blocked:
        session.answer({"findings": found}, lambda: print_findings(session, found))
    elif not session.as_json:
        for shown in found:
            print_finding(session, shown, session.err)
    return not blocked
