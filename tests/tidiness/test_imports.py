"""Imports point one way: farm <- sync <- local_server, with render beside them."""

from tests.tidiness.house import Module, is_within, list_imports, list_modules, list_product, refuse

OURS = ("desktop", "local_server", "render", "sync", "benchmarks", "tests")
FARM = "local_server.farm"

# Who may import what of ours. The first package that a module lies in decides.
MAY_IMPORT = {
    FARM: (FARM,),
    "sync": ("sync", FARM),
    "render": ("render", "sync"),
    "local_server": ("local_server", "sync", "render"),
    "desktop": ("desktop",),
    "resources": (),
}
# The half of `sync` that reconciles; a node moves bytes and knows nothing of it.
RECONCILING = (
    "sync.arrivals",
    "sync.device_log",
    "sync.drafts",
    "sync.engine",
    "sync.entry",
    "sync.fold",
    "sync.keys",
    "sync.leases",
    "sync.log",
    "sync.operations",
    "sync.people",
    "sync.projection",
    "sync.studio",
    "sync.treasury",
    "sync.work",
)
# `local_server/farm` is the domain: it needs no web, no queue, no bucket and no window.
NOT_IN_FARM = (
    "flask",
    "flask_openapi3",
    "flask_socketio",
    "gevent",
    "huey",
    "oss2",
    "PySide6",
    "redis",
    "requests",
    "socketio",
    "werkzeug",
)
INSIDE_BLENDER = "render/blender_inside.py"
SCENES = "resources/scenes/"
# What runs in Blenders that are not ours: the add-on, and what puts it in place.
ADDON = "resources/blender_"


def find_home(module: Module) -> str:
    """Return the package whose rule a module is under."""
    return next(package for package in MAY_IMPORT if is_within(module.name, package))


def test_imports_point_one_way() -> None:
    """farm <- sync <- local_server; render imports only sync; desktop imports nothing of ours."""
    problems = []
    for module in list_product():
        allowed = MAY_IMPORT[find_home(module)]
        for node, name in list_imports(module):
            if name.split(".")[0] not in OURS or module.path.startswith(SCENES):
                continue
            if not any(is_within(name, package) for package in allowed):
                may = "only " + " and ".join(allowed) if allowed else "nothing of ours"
                home = find_home(module)
                problems.append(f"{module.at(node)} imports {name}, but {home} may import {may}.")
    refuse(problems)


def test_render_moves_bytes_only() -> None:
    """A node needs a queue and a store, never the logs that reconcile a studio's machines."""
    problems = [
        f"{module.at(node)} imports {name}: render may use only the part of sync that moves bytes."
        for module in list_product()
        if is_within(module.name, "render")
        for node, name in list_imports(module)
        if any(is_within(name, part) for part in RECONCILING)
    ]
    refuse(problems)


def test_nothing_imports_the_window() -> None:
    """The window is a client; whoever needs something of it needs it from somewhere else."""
    problems = [
        f"{module.at(node)} imports {name}: only the window and its tests may."
        for module in list_modules()
        if not module.path.startswith(("desktop/", "tests/desktop/"))
        for node, name in list_imports(module)
        if is_within(name, "desktop")
    ]
    refuse(problems)


def test_farm_needs_no_web_queue_or_bucket() -> None:
    """The domain can be read, tested and reused without a server."""
    problems = [
        f"{module.at(node)} imports {name}: farm is the domain and does without."
        for module in list_product()
        if is_within(module.name, FARM)
        for node, name in list_imports(module)
        if name.split(".")[0] in NOT_IN_FARM
    ]
    refuse(problems)


def test_blender_is_imported_only_inside_blender() -> None:
    """`import bpy` takes a second and can take its process down: it gets one of its own."""
    problems = [
        f"{module.at(node)} imports {name}: only what runs inside Blender may."
        for module in list_product()
        if module.path != INSIDE_BLENDER and not module.path.startswith((SCENES, ADDON))
        for node, name in list_imports(module)
        if name.split(".")[0] in ("bpy", "mathutils", "bmesh")
    ]
    refuse(problems)


def test_what_runs_inside_blender_brings_nothing_along() -> None:
    """An installed Blender has a Python of its own, without our packages."""
    problems = [
        f"{module.at(node)} imports {name}: inside Blender there is bpy and the standard library."
        for module in list_product()
        if module.path == INSIDE_BLENDER or module.path.startswith(ADDON)
        for node, name in list_imports(module)
        if is_within(name, "render") or is_within(name, "sync") or is_within(name, "local_server")
    ]
    refuse(problems)
