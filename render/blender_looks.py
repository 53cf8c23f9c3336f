"""What a look makes of a loaded scene, and the way back to its own settings. Runs inside Blender.

Standard library and `bpy` only, Python >= 3.10; loaded by `blender_inside.py` from beside it.
A look is the plain form of `render.hosts.Look`.
"""

from contextlib import suppress
from typing import Any

FORMATS = {
    "png": "PNG",
    "jpeg": "JPEG",
    "tiff": "TIFF",
    "exr": "OPEN_EXR",
    "exr_layers": "OPEN_EXR_MULTILAYER",
}
SIDE_MIN = 4


class Wardrobe:
    """A loaded scene's own settings, and what looks put over them."""

    def __init__(self, bpy: Any, scene: Any) -> None:
        self._bpy, self._scene = bpy, scene
        render = scene.render
        names = ("resolution_x", "resolution_y", "resolution_percentage", "use_border")
        places = [(render, name) for name in names]
        places += [(scene, "camera"), *sample_places(scene)]
        places += [(layer, "use") for layer in scene.view_layers]
        self._own = [(holder, name, getattr(holder, name)) for holder, name in places]
        self._cameras = [(marker, marker.camera) for marker in scene.timeline_markers]
        image = render.image_settings
        formats = ("media_type", "file_format", "color_mode", "color_depth")
        self._format = [(name, getattr(image, name)) for name in formats if hasattr(image, name)]
        self._reformatted = False

    def dress(self, look: dict[str, Any]) -> None:
        """Set the scene to what a look asks for, beginning at the scene's own settings.

        A camera or view layer that is not there changes nothing: pre-flight tells of it.
        """
        scene, render = self._scene, self._scene.render
        for holder, name, value in self._own:
            setattr(holder, name, value)
        camera = self._bpy.data.objects.get(look["camera"] or "")
        for marker, own in self._cameras:
            marker.camera = None if camera else own
        if camera:
            scene.camera = camera
        if look["width"] and look["height"]:
            render.resolution_x, render.resolution_y = look["width"], look["height"]
            render.resolution_percentage = 100
            render.use_border = False
        if look["percentage"]:
            render.resolution_percentage = look["percentage"]
        wanted = set(look["view_layers"])
        if any(layer.name in wanted for layer in scene.view_layers):
            for layer in scene.view_layers:
                layer.use = layer.name in wanted
        for holder, name in sample_places(scene) if look["samples"] else ():
            setattr(holder, name, look["samples"])
        self._reformat(look["format"])

    def shrink(self, scale: float) -> None:
        """Make the picture that a look asked for smaller."""
        render = self._scene.render
        if scale != 1.0:
            part = render.resolution_percentage / 100 * scale
            render.resolution_x = max(SIDE_MIN, round(render.resolution_x * part))
            render.resolution_y = max(SIDE_MIN, round(render.resolution_y * part))
            render.resolution_percentage = 100

    def _reformat(self, wanted: str | None) -> None:
        """Choose the files' format; the scene's own is touched only if it has to be."""
        image = self._scene.render.image_settings
        if self._reformatted:
            for name, value in self._format:
                # Values that an old file brought along may be none that can be set.
                with suppress(TypeError):
                    setattr(image, name, value)
        self._reformatted = wanted is not None
        if wanted is not None:
            with suppress(AttributeError):  # since 5.0 a format belongs to a kind of media
                kind = "MULTI_LAYER_IMAGE" if wanted == "exr_layers" else "IMAGE"
                image.media_type = kind
            image.file_format = FORMATS[wanted]


def sample_places(scene: Any) -> list[tuple[Any, str]]:
    """Return where the engines keep their samples."""
    places = []
    if hasattr(scene, "cycles"):
        places.append((scene.cycles, "samples"))
    if hasattr(scene, "eevee"):
        places.append((scene.eevee, "taa_render_samples"))
    return places
