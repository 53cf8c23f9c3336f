"""What Blender knows of a loaded scene, and what is amiss with it. Runs inside Blender.

Standard library and `bpy` only, Python >= 3.10; loaded by `blender_inside.py` from beside it.
Blender's own data is untyped here: it differs from version to version.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

MOVIE_FORMATS = {"FFMPEG", "AVI_JPEG", "AVI_RAW", "H264", "THEORA", "XVID"}
OPENGL_ENGINES = {"BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH"}
GPU_KINDS = ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI")
NAMES_MAX = 10

# A finding as it travels: code, severity, parameters.
Plain = list[Any]


def inspect_scene(bpy: Any, scene: Any) -> dict[str, Any]:
    """Return what the scene says of itself, and what is amiss, as plain data."""
    render = scene.render
    return {
        "scene": scene.name,
        "frame_start": scene.frame_start,
        "frame_end": scene.frame_end,
        "frame_step": scene.frame_step,
        "fps": render.fps / render.fps_base,
        "engine": render.engine,
        "cameras": sorted(thing.name for thing in scene.objects if thing.type == "CAMERA"),
        "transparent": bool(render.film_transparent),
        "needs_opengl": render.engine in OPENGL_ENGINES,
        "saved_by": ".".join(str(number) for number in bpy.data.version),
        "has_animation": scene.frame_end > scene.frame_start,
        "findings": list_findings(bpy, scene),
    } | describe_picture(scene)


def describe_picture(scene: Any) -> dict[str, Any]:
    """Return what a look may change: how the picture is taken and written."""
    render = scene.render
    image = render.image_settings
    movie = image.file_format in MOVIE_FORMATS
    width, height = measure_picture(render)
    return {
        "width": width,
        "height": height,
        "camera": scene.camera.name if scene.camera else "",
        "file_format": "PNG" if movie else image.file_format,
        "extension": ".png" if movie else render.file_extension,
        "color_depth": 8 if movie else int(image.color_depth),
        "samples": count_samples(scene),
        "view_layers": [layer.name for layer in scene.view_layers if layer.use],
        "view_layers_off": [layer.name for layer in scene.view_layers if not layer.use],
    }


def measure_picture(render: Any) -> tuple[int, int]:
    """Return the size of the written picture: percentage and crop taken into account."""
    width = render.resolution_x * render.resolution_percentage // 100
    height = render.resolution_y * render.resolution_percentage // 100
    if render.use_border and render.use_crop_to_border:
        left, right = int(render.border_min_x * width), int(render.border_max_x * width)
        bottom, top = int(render.border_min_y * height), int(render.border_max_y * height)
        if right > left and top > bottom:
            return right - left, top - bottom
    return width, height


def count_samples(scene: Any) -> int:
    """Return the samples of the engine that renders; 0 where it has none."""
    if scene.render.engine == "CYCLES" and hasattr(scene, "cycles"):
        return int(scene.cycles.samples)
    if scene.render.engine.startswith("BLENDER_EEVEE"):
        return int(scene.eevee.taa_render_samples)
    return 0


def compositor_trees(scene: Any) -> list[Any]:
    """Return the scene's compositor, wherever this Blender keeps it."""
    tree = getattr(scene, "compositing_node_group", None) or getattr(scene, "node_tree", None)
    return [tree] if tree is not None else []


def list_findings(bpy: Any, scene: Any) -> list[Plain]:
    """Return everything amiss that only the renderer can see."""
    findings: list[Plain] = []
    render = scene.render
    if scene.camera is None and not any(marker.camera for marker in scene.timeline_markers):
        findings.append(["no_camera", "blocker", {}])
    findings += list_engine_findings(bpy, scene)
    if render.image_settings.file_format in MOVIE_FORMATS:
        params = {"format": render.image_settings.file_format}
        findings.append(["movie_output", "warning", params])
    nodes = [node for tree in compositor_trees(scene) for node in tree.nodes]
    outputs = [node.name for node in nodes if node.type == "OUTPUT_FILE" and not node.mute]
    if outputs and getattr(scene, "use_nodes", True):
        findings.append(["file_output_nodes", "warning", {"nodes": join_names(outputs)}])
    if render.use_multiview and render.image_settings.views_format == "INDIVIDUAL":
        findings.append(["multi_view", "warning", {}])
    if bpy.app.autoexec_fail:
        # The message names the first script or driver that was not run.
        said = bpy.app.autoexec_fail_message or "?"
        findings.append(["scripts_not_run", "warning", {"first": said}])
    return findings + list_file_findings(bpy, scene) + list_lost_links(bpy)


def list_engine_findings(bpy: Any, scene: Any) -> list[Plain]:
    """Return what keeps the engine from rendering here as the scene wants it."""
    engine = scene.render.engine
    added = {getattr(cls, "bl_idname", "") for cls in bpy.types.RenderEngine.__subclasses__()}
    if engine not in OPENGL_ENGINES | added:
        return [["engine_unknown", "blocker", {"engine": engine or "?"}]]
    if engine != "CYCLES":
        return []
    findings: list[Plain] = []
    with suppress(ImportError):
        import _cycles  # type: ignore[import-not-found]

        layers = [layer for layer in scene.view_layers if layer.use]
        denoises = any(layer.cycles.use_denoising for layer in layers)
        has_denoiser = getattr(_cycles, "with_openimagedenoise", True)
        if scene.cycles.use_denoising and denoises and not has_denoiser:
            findings.append(["no_denoiser", "blocker", {}])
        if scene.cycles.shading_system and not getattr(_cycles, "with_osl", True):
            findings.append(["no_osl", "warning", {}])
    if scene.cycles.device == "GPU" and not find_gpus(bpy):
        findings.append(["no_gpu", "warning", {}])
    return findings


def find_gpus(bpy: Any) -> list[Any]:
    """Switch Cycles to the best kind of GPU this machine has and return those; none is fine."""
    with suppress(Exception):
        preferences = bpy.context.preferences.addons["cycles"].preferences
        for kind in GPU_KINDS:
            with suppress(Exception):
                preferences.compute_device_type = kind
                preferences.get_devices()
                gpus = [device for device in preferences.devices if device.type == kind]
                for device in preferences.devices:
                    device.use = device in gpus
                if gpus:
                    return gpus
        preferences.compute_device_type = "NONE"
    return []


def list_file_findings(bpy: Any, scene: Any) -> list[Plain]:
    """Return the files that the file's data names and Blender cannot find."""
    findings: list[Plain] = []
    users = bpy.data.user_map()
    for kind, block in used_files(bpy):
        path = block.filepath
        if not path or getattr(block, "packed_file", None):
            continue
        seen = bpy.path.abspath(path, library=block.library)
        where = {"name": block.name, "path": path}
        if not is_there(kind, block, seen):
            matters = kind != "sound" and (kind == "library" or is_used(block, scene, users))
            findings.append([f"missing_{kind}", "blocker" if matters else "warning", where])
    return findings


def is_used(block: Any, scene: Any, users: dict[Any, set[Any]]) -> bool:
    """Return whether a data block is used by the scene, however indirectly."""
    seen, waiting = {block}, [block]
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user == scene:
                return True
            if user not in seen:
                seen.add(user)
                waiting.append(user)
    return False


def used_files(bpy: Any) -> Iterator[tuple[str, Any]]:
    """Yield every data block that lives in a file of its own, with the kind of file it is."""
    for library in bpy.data.libraries:
        yield "library", library
    for image in bpy.data.images:
        if image.source in {"FILE", "SEQUENCE", "MOVIE", "TILED"} and image.users:
            yield "image", image
    for kind, blocks in (
        ("sound", bpy.data.sounds),
        ("movie", bpy.data.movieclips),
        ("font", bpy.data.fonts),
        ("cache", bpy.data.cache_files),
        ("volume", bpy.data.volumes),
    ):
        for block in blocks:
            if block.users and block.filepath != "<builtin>":
                yield kind, block


def is_there(kind: str, block: Any, seen: str) -> bool:
    """Return whether a data block's file, all its tiles, or a file of its sequence exists."""
    if kind == "image" and block.source == "TILED":
        tiles = [str(tile.number) for tile in block.tiles]
        return all(Path(seen.replace("<UDIM>", number)).exists() for number in tiles)
    if kind in {"image", "volume"} and getattr(block, "is_sequence", block.source == "SEQUENCE"):
        return has_sequence(Path(seen))
    return Path(seen).exists()


def has_sequence(path: Path) -> bool:
    """Return whether any file beside `path` differs from it in its last number only."""
    begin = path.stem.rstrip("0123456789")
    with suppress(OSError):
        return any(
            other.suffix == path.suffix and other.stem.rstrip("0123456789") == begin
            for other in path.parent.iterdir()
        )
    return False


def list_lost_links(bpy: Any) -> list[Plain]:
    """Return the data blocks that a library which is there does not have any more."""
    lost: dict[str, list[str]] = {}
    for name in dir(bpy.data):
        blocks = getattr(bpy.data, name)
        if not isinstance(blocks, bpy.types.bpy_prop_collection) or name == "libraries":
            continue
        for block in blocks:
            library = getattr(block, "library", None)
            if library and getattr(block, "is_missing", False):
                lost.setdefault(bpy.path.abspath(library.filepath), []).append(block.name)
    return [
        ["missing_linked", "blocker", {"library": path, "names": join_names(names)}]
        for path, names in lost.items()
        if Path(path).exists()
    ]


def join_names(names: list[str]) -> str:
    """Return names as one text, the first of very many."""
    more = ", ..." if len(names) > NAMES_MAX else ""
    return ", ".join(sorted(names)[:NAMES_MAX]) + more


def probe_opengl(bpy: Any) -> str:
    """Render a picture of a few pixels with OpenGL and return the name of what drew it.

    Blender aborts where there is no usable OpenGL, so this is asked of a process of its own.
    """
    bpy.ops.wm.read_factory_settings(use_empty=False)
    render = bpy.context.scene.render
    render.engine = "BLENDER_WORKBENCH"
    render.resolution_x = render.resolution_y = 16
    bpy.ops.render.render()
    # Asked before the first render, this crashes Blender 3.4.
    import gpu  # type: ignore[import-not-found]

    return str(gpu.platform.renderer_get())
