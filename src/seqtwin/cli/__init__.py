"""The command line: parses, calls, prints. Every command has `--help` with an example, and `--json` for machines."""

import sys

import typer

from seqtwin.cli import console
from seqtwin.cli.anatomy import anatomy
from seqtwin.cli.dedupe_link_mine import dedupe, link, mine
from seqtwin.cli.encode_score_evaluate import encode, evaluate, score
from seqtwin.cli.explain import explain
from seqtwin.cli.export import export
from seqtwin.cli.index_search import index, search
from seqtwin.cli.list_schema import list_parts, schema
from seqtwin.cli.predict_probe import predict, probe
from seqtwin.cli.serve import serve
from seqtwin.cli.train_compare_report import check, compare, init, report, train
from seqtwin.cli.verify import verify
from seqtwin.cli.why import why
from seqtwin.errors import SeqTwinError

app = typer.Typer(
    name="seqtwin",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Siamese recurrent encoders: every representation with every loss, compared honestly, then put to work.",
)
# the order of the help
TRAINING = (init, train, compare, report, explain, probe, anatomy)
AT_WORK = (evaluate, predict, encode, score, why, index, search, dedupe, link, mine, serve, export, verify)
for command in (*TRAINING, *AT_WORK):
    app.command()(command)
app.command(name="list")(list_parts)
app.command()(check)
app.command()(schema)


def main() -> None:
    """Run the command line; a SeqTwinError becomes one message and its exit code."""
    as_json = "--json" in sys.argv
    try:
        app()
    except SeqTwinError as error:
        if as_json:
            console.say_json({"error": error.as_dict()})
        else:
            console.complain(f"error: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        console.complain("interrupted; what was published stays (encode and score go on with --resume)")
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
