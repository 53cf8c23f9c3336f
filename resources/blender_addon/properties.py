"""Properties: what the panel shows and what an artist sets, where Blender keeps such things."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    StringProperty,
)


class YuntuPreferences(bpy.types.AddonPreferences):
    """Where Yuntu is; both are found by themselves when they are empty."""

    bl_idname = __package__

    program: StringProperty(
        name="Yuntu",
        description="The program; found by itself when this is empty",
        subtype="FILE_PATH",
    )
    data: StringProperty(
        name="Data Folder",
        description="Where jobs and money are kept; your own folder when this is empty",
        subtype="DIR_PATH",
    )

    def draw(self, context):  # noqa: ARG002
        """Show both."""
        self.layout.prop(self, "program")
        self.layout.prop(self, "data")


class YuntuFinding(bpy.types.PropertyGroup):
    """One thing that the check found."""

    severity: StringProperty()
    title: StringProperty()
    detail: StringProperty()
    path: StringProperty()
    block: StringProperty()


class YuntuState(bpy.types.PropertyGroup):
    """What is known right now. Amounts are texts: Blender's integers end at ¥2,147."""

    doing: StringProperty()
    trouble_title: StringProperty()
    trouble_detail: StringProperty()
    trouble_code: StringProperty()
    checked: StringProperty(description="The scene that the check was of")
    ok: BoolProperty()
    has_farm: BoolProperty()
    findings: CollectionProperty(type=YuntuFinding)
    renderer: StringProperty()
    frames: StringProperty()
    frames_total: IntProperty()
    price: StringProperty()
    price_high: StringProperty()
    time: StringProperty()
    time_high: StringProperty()
    job: StringProperty()
    job_state: StringProperty()
    job_reason: StringProperty()
    job_detail: StringProperty()
    fraction: FloatProperty(subtype="FACTOR", min=0.0, max=1.0)
    done: IntProperty()
    failed: IntProperty()
    total: IntProperty()
    cost: StringProperty()
    left: StringProperty()
    out: StringProperty()


class YuntuScene(bpy.types.PropertyGroup):
    """How a scene is to be rendered; saved with it."""

    frames: EnumProperty(
        name="Frames",
        items=[
            ("RANGE", "Scene Range", "From the scene's first frame to its last"),
            ("CURRENT", "Current Frame", "The frame that is shown now"),
            ("TYPED", "Chosen Frames", "Such as 1-20, 1-20x2 or 1,5,30-40"),
        ],
    )
    typed: StringProperty(name="Chosen Frames", default="1-20")
    out: StringProperty(
        name="Folder",
        description="Where the frames go; a folder beside the scene when this is empty",
        subtype="DIR_PATH",
    )
    most: StringProperty(
        name="At Most",
        description="What the job may cost at most, in yuan; the check fills it in",
    )
    site: EnumProperty(
        name="Render",
        items=[
            ("here", "On This Machine", "With the renderers of this machine"),
            ("farm", "On the Farm", "With all machines of the studio's farm"),
        ],
    )
    allow_missing: BoolProperty(
        name="Allow Missing Files", description="Render although files are missing"
    )


CLASSES = (YuntuPreferences, YuntuFinding, YuntuState, YuntuScene)
