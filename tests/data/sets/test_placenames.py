"""Place names: the data do not depend on the process, and the process does not depend on the data."""

import json
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

READ = """
import hashlib, json
from seqtwin.data.sets.placenames import read_places
read_places.cache_clear()
places = [[place.english, place.names] for place in read_places(latin_only=False)]
print(hashlib.sha256(json.dumps(places).encode()).hexdigest())
"""
ASK = """
import json
from datetime import date
from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, get_currency_name
print(json.dumps([
    format_date(date(2026, 11, 28), locale="de_AT"),
    format_date(date(2026, 11, 28), format="full", locale="fr_CA"),
    len(Locale.parse("de_AT").territories),
    Locale.parse("zh_Hant_HK").languages["de"],
    format_decimal(1234.5, locale="es_MX"),
    get_currency_name("EUR", locale="pt_PT"),
    format_list(["a", "b"], locale="sr_Latn_BA"),
]))
"""


def run(*parts: str) -> list[str]:
    """The output of a fresh process, independent of earlier uses of Babel in this one."""
    done = subprocess.run([sys.executable, "-c", "\n".join(parts)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def alone() -> dict[str, str]:
    """The data of a process that did nothing else, and babel's answers in one that never read them."""
    return {"data": run(READ)[0], "answers": run(ASK)[0]}


@pytest.mark.long
def test_babel_answers_as_if_the_names_had_not_been_read(alone: dict[str, str]) -> None:
    data, answers = run(READ, ASK)
    assert json.loads(answers) == json.loads(alone["answers"])
    assert data == alone["data"]


@pytest.mark.long
def test_the_names_do_not_depend_on_what_babel_was_asked_before(alone: dict[str, str]) -> None:
    warm = (
        "from babel import Locale, localedata\nfor code in localedata.locale_identifiers():\n    localedata.load(code)"
    )
    assert run(ASK, READ)[1] == alone["data"]
    assert run(warm, READ)[0] == alone["data"]  # every locale merged with its parents


@pytest.mark.long
def test_the_names_do_not_depend_on_bare_data_in_babels_cache(alone: dict[str, str]) -> None:
    bare = "from babel import localedata\nlocaledata.load('en', merge_inherited=False)['territories'].clear()"
    assert run(bare, READ)[0] == alone["data"]


@pytest.mark.long
def test_reading_twice_gives_the_same_names() -> None:
    assert len(set(run(READ, READ))) == 1


@pytest.mark.parametrize("locale", ["de_AT", "fr_CA", "en_GB", "es_MX", "sr_Latn_BA"])
def test_the_shared_cache_is_left_alone(locale: str) -> None:
    from babel import localedata

    from seqtwin.data.sets.placenames import read_places

    before: dict[str, Any] = localedata.load(locale)
    names = dict(before["territories"])
    read_places.__wrapped__(latin_only=True)  # read anew, whatever this process has read before
    assert localedata.load(locale) is before
    assert dict(before["territories"]) == names


def test_the_copy_of_the_module_is_not_registered() -> None:
    from babel import localedata
    from babel.dates import format_date

    from seqtwin.data.sets.placenames import read_places

    read_places.__wrapped__(latin_only=True)  # read anew, whatever this process has read before
    assert sys.modules["babel.localedata"] is localedata
    assert format_date(date(2026, 11, 28), locale="de_AT") == "28.11.2026"
