"""The command line: one command a file, loaded when it is chosen, so that ``lamina --help`` is there at once."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from .. import __version__
from ..errors import LaminaError
from . import console

COMMANDS = {
    "train": "Train a network on a data set, test it and save it.",
    "predict": "Say what a saved model sees in pictures.",
    "evaluate": "Test a saved model: accuracy, and what it takes for what.",
    "show": "Show a saved model: its layers, its formula, its graph.",
    "explain": "Show what each operation of a model costs and where it runs.",
}
FAILED, MISUSED, INTERRUPTED = 1, 2, 130  # 130 is what shells say of a program that Ctrl-C ended


class LazyGroup(click.Group):
    """Commands that are imported when they are run: their help stands in COMMANDS."""

    def list_commands(self, ctx):
        return list(COMMANDS)

    def get_command(self, ctx, name):
        if name not in COMMANDS:
            return None
        command = import_module(f"lamina.cli.{name}").command
        command.short_help = COMMANDS[name]
        return command

    def resolve_command(self, ctx, args):
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(f"{error.message} There are {', '.join(COMMANDS)}.", error.ctx) from None

    def format_commands(self, ctx, formatter):
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, message="lamina %(version)s")
def lamina() -> None:
    """Neural networks you can see through.

    Begin with: lamina train digits
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and leaves with its exit code: 0 done, 1 refused, 2 misused, 130 stopped by Ctrl-C."""
    try:
        result = lamina.main(args=arguments, prog_name="lamina", standalone_mode=False)
        code = result if isinstance(result, int) else 0
        sys.stdout.flush()
    except click.ClickException as problem:
        problem.show()
        code = MISUSED if isinstance(problem, click.UsageError) else FAILED
    except (click.Abort, KeyboardInterrupt):
        console.complain("stopped")
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone: nobody is left to be told
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except (LaminaError, OSError) as problem:
        console.complain(str(problem))
        code = FAILED
    sys.exit(code)
