"""Spoken commands: click commands whose help is in the reader's language."""

import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from importlib import import_module
from io import StringIO
from shutil import get_terminal_size
from types import ModuleType
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local_server.cli.session import Session, make_console, make_err_console
from local_server.cli.values import Choice, mask_minus, show_option, unmask_minus
from local_server.farm.errors import BadInput
from local_server.wording import LANGUAGES, Wording

HELP_WIDTH_MAX = 100
COMMON = {"data": "--data", "server": "--server", "as_json": "--json"}
OTHER_NAMES = {
    "login": ("signin",),
    "logout": ("signout",),
    "register": ("signup",),
    "rm": ("delete", "cancel"),
    "remove": ("delete", "cancel"),
    "quit": ("stop",),
    "exit": ("stop",),
}
HELP_NAMES = {"help_option_names": ["-h", "--help"]}


Sections = dict[str, dict[str, str]]
"""The commands by section: each one's name and the module that has it."""


class SpokenCommand(click.Command):
    """A command; its callback gets a Session first."""

    def __init__(
        self, name: str, *, takes_data: bool = True, takes_server: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(name, context_settings=HELP_NAMES, **kwargs)
        self.params += make_common_options(takes_data=takes_data, takes_server=takes_server)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the line. Raises BadInput `too_many_arguments`."""
        ctx.allow_extra_args = True
        try:
            rest = super().parse_args(ctx, [mask_minus(one) for one in args])
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        for name, value in ctx.params.items():
            if isinstance(value, str):
                ctx.params[name] = unmask_minus(value)
            elif isinstance(value, tuple):
                ctx.params[name] = tuple(
                    unmask_minus(one) if isinstance(one, str) else one for one in value
                )
        for param in self.params:
            if param.required and ctx.params.get(str(param.name)) == "":
                raise click.MissingParameter(ctx=ctx, param=param)
        if rest and not ctx.resilient_parsing:
            raise BadInput("too_many_arguments", given=" ".join(rest), command=ctx.command_path)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command in a session of its own."""
        wording = ctx.find_object(Wording)
        assert wording is not None
        ctx.params.pop("lang")
        typed = {name: self.take_common(ctx, name) for name in COMMON}
        out = make_console(sys.stdout)
        ctx.obj = Session(
            wording=wording,
            data=typed["data"],
            server=typed["server"],
            as_json=bool(typed["as_json"]),
            out=out,
            err=make_err_console(out),
        )
        return super().invoke(ctx)

    def take_common(self, ctx: click.Context, name: str) -> Any:
        """Return one of the common options, whether it was typed before or after the command.

        What stands after it wins. Raises BadInput `option_unknown` where the command takes none.
        """
        outer = (one.params.get(name) for one in list_outer(ctx))
        before = next(filter(None, outer), None)
        if name not in ctx.params:
            if before:
                raise BadInput("option_unknown", given=COMMON[name], command=ctx.command_path)
            return None
        after = ctx.params.pop(name)
        typed = ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        return after if typed or not before else before

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page."""
        page = HelpPage(ctx)
        page.add_usage(self.collect_usage_pieces(ctx))
        page.add_text(page.wording.say(name_words(ctx)).detail)
        page.add_options(self.get_params(ctx))
        return page.text


class SpokenGroup(click.Group):
    """Several commands under one name; the name alone explains them."""

    def __init__(self, name: str, *, takes_server: bool = True) -> None:
        super().__init__(
            name, context_settings=HELP_NAMES, invoke_without_command=True, callback=show_help
        )
        self.params += make_common_options(
            takes_data=True, takes_server=takes_server, from_variables=False
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant. Raises BadInput `command_near` or `command_unknown`."""
        name, path = args[0], ctx.command_path
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = find_near(name, self.list_commands(ctx))
            if near:
                raise BadInput("command_near", given=name, near=", ".join(near), command=path)
            raise BadInput("command_unknown", given=name, command=path)
        return super().resolve_command(ctx, args)


class SpokenRoot(SpokenGroup):
    """The root: its help lists the commands by what they are for."""

    def __init__(self, name: str, *, sections: Sections) -> None:
        super().__init__(name)
        self.sections = sections

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands' names in the order of the help page."""
        return [name for commands in self.sections.values() for name in commands]

    def get_command(self, ctx: object, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, loading its module only now: a server needs no tables and bars."""
        for commands in self.sections.values():
            if cmd_name in commands:
                module = import_module(f"local_server.cli.{commands[cmd_name]}")
                return find_command(module, cmd_name)
        return None

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page."""
        page = HelpPage(ctx)
        page.add_usage([page.wording.say("help_command").title])
        page.add_text(page.wording.say("command_root").detail)
        width = max(len(name) for name in self.list_commands(ctx))
        for section, names in self.sections.items():
            rows = [(name, page.wording.say(f"command_{name}").title) for name in names]
            page.add_rows(page.wording.say(f"section_{section}").title, rows, width=width)
        page.add_options(self.get_params(ctx))
        page.add_text(page.wording.say("help_more").title)
        return page.text


class SpokenFamily(SpokenGroup):
    """A command that does several things: each of its verbs is a command of its own.

    Where `default` names a verb, it is meant when none is typed.
    """

    def __init__(self, name: str, *, default: str | None = None, takes_server: bool = True) -> None:
        super().__init__(name, takes_server=takes_server)
        self.default = default
        self.takes_server = takes_server

    def verb(self, name: str, **kwargs: Any) -> Callable[[Callable[..., Any]], click.Command]:
        """Return the decorator that makes a function one of the verbs."""
        return self.command(
            name, cls=SpokenCommand, **{"takes_server": self.takes_server, **kwargs}
        )

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the verbs in the order of their functions."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the line as far as the verb."""
        return super().parse_args(ctx, self.add_default(ctx, args))

    def add_default(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return a line with the default verb put in, if there is one and no verb was typed."""
        if self.default is None:
            return args
        options = {name: param for param in self.get_params(ctx) for name in param.opts}
        words = iter(enumerate(args))
        for place, word in words:
            option = options.get(word.partition("=")[0])
            if option is None:
                is_verb = not word.startswith("-")
                return args if is_verb else [*args[:place], self.default, *args[place:]]
            if isinstance(option, click.Option) and not option.is_flag and "=" not in word:
                next(words, None)
        return [*args, self.default]

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page."""
        page = HelpPage(ctx)
        words = name_words(ctx)
        verb = page.wording.say("help_verb").title
        page.add_usage([verb if self.default is None else f"[{verb}]"])
        page.add_text(page.wording.say(words).detail)
        rows = [(name, page.wording.say(f"{words}_{name}").title) for name in self.commands]
        page.add_rows(page.wording.say("help_verbs").title, rows)
        page.add_options(self.get_params(ctx))
        page.add_text(page.wording.say("help_more_verbs", command=ctx.command_path).title)
        return page.text


@click.pass_context
def show_help(ctx: click.Context, /, **_: Any) -> None:
    """Explain a group where none of its commands was typed."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def find_near(given: str, names: list[str]) -> list[str]:
    """Return the commands that may be meant: that begin so, are called so elsewhere, or alike."""
    begun = [name for name in names if given and name.startswith(given.lower())]
    other = [name for name in OTHER_NAMES.get(given.lower(), ()) if name in names]
    return begun or other or get_close_matches(given, names)


def list_outer(ctx: click.Context) -> Iterator[click.Context]:
    """Yield what a command stands in, the innermost first."""
    while ctx.parent is not None:
        ctx = ctx.parent
        yield ctx


def name_words(ctx: click.Context, kind: str = "command") -> str:
    """Return the code of a command's words: `command_studio_create`."""
    return "_".join([kind, *ctx.command_path.split()[1:]])


def find_command(module: ModuleType, name: str) -> click.Command:
    """Return a module's command by its name."""
    for one in vars(module).values():
        if isinstance(one, click.Command) and one.name == name:
            return one
    raise AssertionError(f"{module.__name__} has no command {name}")


class HelpPage:
    """A help page being written."""

    def __init__(self, ctx: click.Context) -> None:
        wording = ctx.find_root().obj
        assert isinstance(wording, Wording)
        self.ctx = ctx
        self.wording = wording
        self.file = StringIO()
        width = min(HELP_WIDTH_MAX, get_terminal_size((HELP_WIDTH_MAX, 24)).columns)
        self.console = Console(
            file=self.file, width=width, markup=False, highlight=False, emoji=False
        )

    @property
    def text(self) -> str:
        """Return the page."""
        return "\n".join(line.rstrip() for line in self.file.getvalue().strip().splitlines())

    def add_usage(self, pieces: list[str]) -> None:
        """Add how the command is written."""
        options = self.wording.say("help_options_placeholder").title
        shown = [options if piece == "[OPTIONS]" else piece for piece in pieces]
        usage = self.wording.say("help_usage").title
        self.console.print(Text(f"{usage} {self.ctx.command_path} {' '.join(shown)}"))

    def add_text(self, text: str) -> None:
        """Add paragraphs."""
        self.console.print()
        self.console.print(Text(text.strip()))

    def add_rows(self, title: str, rows: list[tuple[str, str]], *, width: int = 0) -> None:
        """Add a titled list, its names in a column of at least this width."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, min_width=width)
        grid.add_column()
        for name, told in rows:
            grid.add_row(Text(name), Text(told))
        self.console.print()
        self.console.print(Text(title))
        self.console.print(Padding(grid, (0, 0, 0, 2)))

    def add_options(self, params: list[click.Parameter]) -> None:
        """Add the options and what they do."""
        rows = [
            (self.show_names(param), self.describe(param))
            for param in params
            if isinstance(param, click.Option)
        ]
        self.add_rows(self.wording.say("help_options").title, rows)

    def show_names(self, option: click.Option) -> str:
        """Return how an option is written."""
        names = ", ".join(option.opts)
        return names if option.is_flag else f"{names} {option.metavar or show_metavar(option)}"

    def describe(self, option: click.Option) -> str:
        """Return what an option does; a command or its family may have its own words for it."""
        name = max(option.opts, key=len).removeprefix("--").replace("-", "_")
        contexts = (self.ctx, *list_outer(self.ctx))
        codes = [f"{name_words(ctx, 'option')}_{name}" for ctx in contexts]
        return self.wording.say(
            next((code for code in codes if code in self.wording.tables), codes[-1])
        ).title


def show_metavar(option: click.Option) -> str:
    """Return the placeholder for an option's value."""
    if isinstance(option.type, Choice):
        return "|".join(option.type.choices)
    return show_option(option).removeprefix("--").upper()


def make_language_option() -> click.Option:
    """Return `--lang`, which every command takes; `find_language` has read it already."""
    return click.Option(["--lang"], type=Choice(*LANGUAGES), is_eager=True)


def make_common_options(
    *, takes_data: bool, takes_server: bool, from_variables: bool = True
) -> list[click.Parameter]:
    """Return the options that every command takes, typed after it or before it."""
    options: list[click.Parameter] = [click.Option(["--json", "as_json"], is_flag=True)]
    if takes_data:
        options.append(click.Option(["--data"], metavar="DIR"))
    if takes_data and takes_server:
        variable = "YUNTU_SERVER" if from_variables else None
        options.append(click.Option(["--server"], metavar="URL", envvar=variable))
    return [*options, make_language_option()]
