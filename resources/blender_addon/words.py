"""Words: the add-on in Chinese. English is what the code says."""

CHINESE = {
    "Check and Price": "检查并估价",
    "Look for what is wrong with the scene and what it will cost; nothing is spent": (
        "检查场景有没有问题、大约要花多少钱；这一步不花钱"
    ),
    "Render": "渲染",
    "Render the scene; good frames alone are paid, and never more than was agreed": (
        "渲染这个场景：只为合格的帧付费，绝不超过你同意的上限"
    ),
    "Render for at Most {amount}": "渲染，最多 {amount}",
    "Cancel the Job": "取消任务",
    "Cancel the job; frames that are done stay, and the rest of the money comes back": (
        "取消任务：已完成的帧保留，剩下的钱退回"
    ),
    "Go On": "继续",
    "Let a paused job go on, and cost what is agreed to now": "让暂停的任务按现在的上限继续",
    "Select Objects": "选中物体",
    "Select the objects that this is about": "选中与此有关的物体",
    "Open the Folder": "打开文件夹",
    "Open the folder of the frames": "打开存放成片帧的文件夹",
    "Open in Yuntu": "在盛世云图中打开",
    "Open Yuntu's own window, with all jobs, frames and bills": (
        "打开盛世云图的窗口，查看所有任务、帧和账单"
    ),
    "Sign In": "登录",
    "Say who you are, where several people use this workstation": (
        "这台工作站由多人使用时，说明你是谁"
    ),
    "Name or E-Mail": "用户名或邮箱",
    "Password": "密码",
    "Frames": "帧",
    "Scene Range": "场景范围",
    "From the scene's first frame to its last": "从场景的首帧到末帧",
    "Current Frame": "当前帧",
    "The frame that is shown now": "现在显示的这一帧",
    "Chosen Frames": "指定帧",
    "Such as 1-20, 1-20x2 or 1,5,30-40": "例如 1-20、1-20x2 或 1,5,30-40",
    "Folder": "文件夹",
    "Where the frames go; a folder beside the scene when this is empty": (
        "帧存放在哪里；留空则放在场景旁边的文件夹里"
    ),
    "At Most": "上限",
    "What the job may cost at most, in yuan; the check fills it in": (
        "这个任务最多花多少钱（元）；检查后会自动填好"
    ),
    "Allow Missing Files": "允许缺少文件",
    "Render although files are missing": "缺少文件也照样渲染",
    "On This Machine": "在本机",
    "With the renderers of this machine": "用本机的渲染器",
    "On the Farm": "在农场",
    "With all machines of the studio's farm": "用工作室农场的所有机器",
    "Data Folder": "数据文件夹",
    "The program; found by itself when this is empty": "程序的位置；留空则自动寻找",
    "Where jobs and money are kept; your own folder when this is empty": (
        "任务和账目存放在哪里；留空则用你自己的文件夹"
    ),
    "This scene has changes that are not saved.": "场景有尚未保存的改动。",
    "Yuntu works on the saved file: OK saves it and goes on.": (
        "盛世云图使用磁盘上的文件：点“确定”即保存并继续。"
    ),
    "Save the scene first": "请先保存场景",
    "Checking the scene and measuring a few frames ...": "正在检查场景并试渲几帧……",
    "Handing the scene over ...": "正在提交场景……",
    "Cancelling ...": "正在取消……",
    "Going on ...": "正在继续……",
    "Signing in ...": "正在登录……",
    "No object of this view layer uses it": "当前视图层里没有物体用到它",
    "The scene can be rendered": "场景可以渲染",
    "Mend what is marked, then check again": "请先解决标出的问题，再检查一次",
    "The scene was changed after this check.": "检查之后场景又改动过。",
    "Renderer": "渲染器",
    "Price": "价格",
    "Time": "时间",
    "Preparing": "准备中",
    "Queued": "排队中",
    "Rendering": "渲染中",
    "Paused": "已暂停",
    "Completed": "已完成",
    "Partly completed": "部分完成",
    "Failed": "失败",
    "Cancelled": "已取消",
    "{amount} so far": "已花 {amount}",
    "{count} failed": "{count} 帧失败",
    "{time} left": "还需 {time}",
    "Yuntu was not found": "找不到盛世云图",
    "Say where it is in this add-on's preferences.": "请在本插件的偏好设置里指明它的位置。",
    "Yuntu could not be started": "盛世云图无法启动",
    "Yuntu does not answer": "盛世云图没有应答",
    "Yuntu was ended": "盛世云图已退出",
    "The job goes on once it is started again.": "再次启动后，任务会接着进行。",
    "Yuntu's answer was not understood": "看不懂盛世云图的应答",
    "Something went wrong that nobody foresaw": "出了意料之外的问题",
    "This is not an amount": "这不是金额",
    "Type yuan, such as 5 or 0.50.": "请输入以元为单位的数，例如 5 或 0.50。",
}
OPERATORS = ("Check and Price", "Cancel the Job", "Go On", "Open the Folder", "Open in Yuntu")
NAMED_BY_OPERATORS = (*OPERATORS, "Render", "Select Objects", "Sign In")


def make_table() -> "dict[tuple[str, str], str]":
    """Return the words as Blender wants them: by context and English text."""
    table = {("*", english): chinese for english, chinese in CHINESE.items()}
    return table | {("Operator", english): CHINESE[english] for english in NAMED_BY_OPERATORS}


# Blender calls simplified Chinese by one name up to 3.6 and by another since 4.0.
WORDS = {"zh_CN": make_table(), "zh_HANS": make_table()}
