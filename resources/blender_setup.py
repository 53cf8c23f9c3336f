"""Puts the add-on into the Blender that runs this, or takes it out.

`blender -b --python blender_setup.py -- install|remove FOLDER`; the last line it prints is
`@yuntu ` and a JSON object: where the add-on is, and whether it is switched on. FOLDER is copied.
"""

import json
import shutil
import sys
from pathlib import Path

import bpy

NAME = "yuntu"
EXTENSIONS_SINCE = (4, 2, 0)
REPOSITORY = "user_default"


def find_place() -> "tuple[Path, str]":
    """Return where this Blender wants the add-on, and what it then calls it."""
    if bpy.app.version >= EXTENSIONS_SINCE:
        # Not through `create`: with it Blender answers nothing where the folder cannot be made.
        folder = Path(bpy.utils.user_resource("EXTENSIONS")) / REPOSITORY
        return folder / NAME, f"bl_ext.{REPOSITORY}.{NAME}"
    return Path(bpy.utils.user_resource("SCRIPTS", path="addons")) / NAME, NAME


def install(source: Path) -> bool:
    """Copy the add-on in and switch it on; True when it is on and stays so."""
    place, module = find_place()
    switch_off(module)
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
    if bpy.app.version >= EXTENSIONS_SINCE:
        bpy.ops.extensions.repo_refresh_all()
    bpy.utils.refresh_script_paths()
    bpy.ops.preferences.addon_enable(module=module)
    bpy.ops.wm.save_userpref()
    return module in bpy.context.preferences.addons


def remove() -> bool:
    """Switch the add-on off and delete it; True when there was one."""
    place, module = find_place()
    was_there = place.exists()
    switch_off(module)
    shutil.rmtree(place, ignore_errors=True)
    if was_there:
        bpy.ops.wm.save_userpref()
    return was_there


def switch_off(module: str) -> None:
    """Switch the add-on off if it is on."""
    if module in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_disable(module=module)


def main() -> None:
    """Do what the command line says and tell of it."""
    verb, *given = sys.argv[sys.argv.index("--") + 1 :]
    done = install(Path(given[0])) if verb == "install" else remove()
    told = {"place": str(find_place()[0]), "done": done}
    sys.stdout.write(f"\n@yuntu {json.dumps(told)}\n")
    sys.stdout.flush()


main()
