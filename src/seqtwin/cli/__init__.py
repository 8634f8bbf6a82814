"""The command line: one function per command, which parses the arguments, calls the library and prints the result.

- `arguments`: arguments that several commands share, and their checks.
- `run_command`: runs a command, and turns errors into messages and exit codes.
- `console`: printing, tables and progress bars.
- `plain_help`: help without Python types.
- `print_reranker`: the output about a re-ranker that was fitted.
- `init_train`: init, train.
- `compare_report_check`: compare, report, check.
- `explain`: explain.
- `predict_probe`: predict, probe.
- `anatomy`: anatomy.
- `encode_score_evaluate`: encode, score, evaluate.
- `why`: why.
- `index_inputs`: the texts, series and queries of index and search.
- `index_search`: index, search.
- `precision_options`: the options and the output of dedupe and link for a stated precision.
- `dedupe_link`: dedupe, link.
- `rerank`: fit-reranker.
- `mine`: mine.
- `serve`: serve.
- `export`: export.
- `verify`: verify.
- `catalogue`: the families of parts that `list` prints.
- `list_schema`: list, schema.
"""

import typer

from seqtwin.cli.anatomy import anatomy
from seqtwin.cli.compare_report_check import check, compare, report
from seqtwin.cli.dedupe_link import dedupe, link
from seqtwin.cli.encode_score_evaluate import encode, evaluate, score
from seqtwin.cli.explain import explain
from seqtwin.cli.export import export
from seqtwin.cli.index_search import index, search
from seqtwin.cli.init_train import init, train
from seqtwin.cli.list_schema import list_parts, schema
from seqtwin.cli.mine import mine
from seqtwin.cli.plain_help import PlainCommand
from seqtwin.cli.predict_probe import predict, probe
from seqtwin.cli.rerank import fit_reranker
from seqtwin.cli.run_command import run_command, with_raw
from seqtwin.cli.serve import serve
from seqtwin.cli.verify import verify
from seqtwin.cli.why import why

app = typer.Typer(
    name="seqtwin",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train Siamese recurrent encoders, compare representations and losses, and use the best encoder.",
)
# the order of the help
TRAINING = (init, train, fit_reranker, compare, report, explain, probe, anatomy)
AT_WORK = (evaluate, predict, encode, score, why, index, search, dedupe, link, mine, serve, export, verify)
NAMED = {"list": list_parts, "check": check, "schema": schema}
# where the first sentence of the docstring does not fit into 80 columns
SUMMARIES = {
    "fit-reranker": "Fit a re-ranker for an encoder of texts.",
    "compare": "Tune and train every pairing of a grid; write the report.",
    "report": "Rebuild the report of a study from its finished cells.",
    "explain": "Explain why a study cell scores poorly.",
    "probe": "Test whether an encoder's vectors contain the labels.",
    "anatomy": "Show output, h_n and c_n for one text.",
    "predict": "Predict a class per sequence or step, or generate text.",
    "score": "Score every pair in a table.",
    "why": "Show which parts of two texts raise or lower their score.",
    "index": "Build a search index from a list of texts, or change one.",
    "search": "Find the nearest texts in an index.",
    "link": "Match the rows of one list with those of another.",
    "mine": "Find hard negatives for the next training.",
    "serve": "Serve an encoder or an index over HTTP.",
    "export": "Export an encoder to ONNX or sentence-transformers.",
    "verify": "Recheck the hash of every file in a folder.",
    "list": "List the parts that you can use in a config.",
    "check": "Check a config and its data without training.",
    "schema": "Print the JSON Schema for config files.",
}
COMMANDS = {command.__name__.replace("_", "-"): command for command in (*TRAINING, *AT_WORK)} | NAMED
WRITES_CSV = {"predict", "score", "search", "dedupe", "link"}
for name, function in COMMANDS.items():
    app.command(name=name, cls=PlainCommand, short_help=SUMMARIES.get(name))(
        with_raw(function) if name in WRITES_CSV else function
    )


def main() -> None:
    """Run the command line. A SeqTwinError is printed as one message and sets the exit code."""
    run_command(app)
