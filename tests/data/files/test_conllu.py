"""CoNLL-U as a long table: what is a word, what is none, and which lines are wrong."""

import pytest

from seqtwin.data.files.tables import read_table, read_text_table
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.blocks import Source, read_blocks, scan
from seqtwin.data.reading.step_labels import read_steps
from seqtwin.errors import DataError
from seqtwin.inference.vector_files import read_texts
from seqtwin.matching.match_files import read_listed


def word(number, form, lemma="_", upos="X", xpos="_", rest="_\t0\troot\t_\t_"):
    return f"{number}\t{form}\t{lemma}\t{upos}\t{xpos}\t{rest}\n"


TWO = (
    "# newdoc id = d\n# sent_id = first\n# text = Let's go _\n"
    + "1-2\tLet's\t_\t_\t_\t_\t_\t_\t_\t_\n"
    + word(1, "Let", "let", "VERB", "VB", "Mood=Imp\t0\troot\t_\t_")
    + word(2, "'s", "we", "PRON", "PRP")
    + "2.1\tgone\tgo\tVERB\t_\t_\t_\t_\t0:root\t_\n"
    + word(3, "_", "_", "SYM")
    + "\n\n# text = Ja\n"
    + word(1, "Ja so", "_", "INTJ")
)


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.conllu"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_words_become_rows(break_, write):
    table = read_table(write(TWO.replace("\n", break_)))
    table.finish("")
    assert list(table.columns) == ["sent_id", "t", "token", "lemma", "upos", "xpos", "feats", "head", "deprel"]
    assert table.columns["sent_id"] == ["first", "first", "first", "2"]
    assert table.columns["t"] == [0, 1, 2, 0]
    assert table.columns["token"] == ["Let", "'s", "_", "Ja so"]
    assert table.columns["lemma"] == ["let", "we", "_", ""]
    assert table.columns["upos"] == ["VERB", "PRON", "SYM", "INTJ"]
    assert table.columns["xpos"] == ["VB", "PRP", "", ""]
    assert table.columns["feats"] == ["Mood=Imp", "", "", ""]
    assert table.lines == [5, 6, 8, 12]


def test_read_as_steps(write):
    data = read_steps({"train": write(TWO)}, time="t")
    assert data.items == [["Let", "'s", "_"], ["Ja so"]]
    assert data.targets == [["VERB", "PRON", "SYM"], ["INTJ"]]
    with pytest.raises(DataError, match=r"(?s)line 8: column 'xpos': the label is empty.*line 12"):
        read_steps({"train": write(TWO)}, label="xpos")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (word(1, "a") + word(3, "b"), r"line 2: expected word 2, found '3'"),
        (word(2, "a"), "line 1: expected word 1, found '2'"),
        (word("x", "a"), "line 1: expected word 1, found 'x'"),
        ("1\ta\tb\n", "line 1: expected 10 fields separated by tabs, found 3"),
        ("1 a b c d e f g h i\n", "found 1"),
        ("# sent_id = s\n" + word(1, "a") + "\n# sent_id = s\n" + word(1, "b"), "line 4: a second sentence .* 's'"),
        (word(1, " "), "line 1.*'token'.*empty"),
        ("", "no rows"),
        ("# only a comment\n", "no rows"),
    ],
)
def test_bad_lines_are_named(text, words, write):
    with pytest.raises(DataError, match=words):
        read_steps(write(text))


def test_the_last_sentence_needs_no_blank_line(write):
    assert read_steps({"train": write(word(1, "a").rstrip("\n"))}).items == [["a"]]


def test_it_is_recognised(write):
    found = inspect_data(write(TWO))
    assert found.kind == "steps"
    assert found.roles == {"sequence": "sent_id", "token": "token", "label": "upos", "time": "t"}
    assert (found.rows, found.sequences, found.words) == (4, 2, (2.0, 3))


# --- sentences as texts ------------------------------------------------------------------------------------------

NO_TEXT = TWO.replace("# text = Let's go _\n", "").replace("# text = Ja\n", "# text_en = Yes\n")


def texts_of(path):
    table = read_text_table(path)
    table.finish("")
    [block] = read_blocks(path)
    assert (block.columns, block.lines) == (table.columns, table.lines)
    return table.columns


def test_a_sentence_is_a_row_with_its_text(write):
    found = texts_of(write(TWO))
    assert found["sent_id"] == ["first", "2"]
    assert found["text"] == ["Let's go _", "Ja"]
    assert found["token"] == ["Let 's _", "Ja so"]
    assert found["upos"] == ["VERB PRON SYM", "INTJ"]


def test_without_a_comment_the_surface_tokens_make_the_text(write):
    found = texts_of(write(NO_TEXT))
    assert found["text"] == ["Let's _", "Ja so"]
    assert found["text_en"] == [None, "Yes"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (word(1, "go", rest="_\t0\troot\t_\tSpaceAfter=No") + word(2, "!"), "go!"),
        ("1-2\tim\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n" + word(1, "in") + word(2, "dem") + word(3, "."), "im."),
        ("0.1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n" + word(1, "a"), "a"),
        (word(1, "New York"), "New York"),
        (word(1, "_"), "_"),
    ],
)
def test_how_tokens_are_joined(words, text, write):
    assert texts_of(write(words))["text"] == [text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (word(1, "a") + "2\tb\n\n" + word(1, "c"), "line 2: expected 10 fields"),
        (word(2, "a"), "line 1: expected word 1"),
        ("# sent_id = s\n" + word(1, "a") + "\n# sent_id = s\n" + word(1, "b"), "line 4: a second sentence"),
        ("raw text\n", "line 1: expected 10 fields"),
        ("", "no rows"),
    ],
)
def test_lines_that_are_no_words_are_refused_as_texts(text, words, write):
    path = write(text)
    with pytest.raises(DataError, match=words):
        read_text_table(path).finish("")
    with pytest.raises(DataError, match=words):
        scan(Source(path, ("text",)))


def test_gzip_of_sentences(write, tmp_path):
    import gzip

    (tmp_path / "a.conllu.gz").write_bytes(gzip.compress(TWO.encode(), mtime=0))
    assert texts_of(tmp_path / "a.conllu.gz") == texts_of(write(TWO))


def test_commands_that_list_texts_read_sentences(write):
    path = write(TWO)
    assert read_texts(path, None) == ["Let's go _", "Ja"]
    assert read_texts(path, "token") == ["Let 's _", "Ja so"]
    listed = read_listed(path)
    assert (listed.name, listed.texts) == ("text", ["Let's go _", "Ja"])
    assert listed.others["sent_id"] == ["first", "2"]
