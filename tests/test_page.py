"""The HTML page has the same results as the files."""

import re
from pathlib import Path

import msgspec
from docs.folders import CONTRACT
from docs.regions import compatibility

from anysocket.capabilities import described
from anysocket_matrix.reports.page import render
from anysocket_matrix.reports.page.bars import WIDTH, bars
from anysocket_matrix.reports.page.clauses import TITLES, Clause, clauses
from anysocket_matrix.reports.page.data import PageData, page_data
from anysocket_matrix.reports.page.questions import QUESTIONS
from anysocket_matrix.results import files
from anysocket_matrix.results.merged import Measured, Merged, merge
from anysocket_matrix.results.results import Cell, Failure, RowResult, Verdict
from tests.measured import ABSENT, REASON, REPAIRED, cell, known, row

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def data_of(html: str) -> PageData:
    found = DATA.search(html)
    assert found is not None
    return msgspec.json.decode(found[1], type=PageData)


def merged(*rows: RowResult) -> Merged:
    return Merged([Measured(each.row, each.version, {"py311": each}) for each in rows])


def test_every_cell_is_that_of_the_results() -> None:
    found = data_of(compatibility.page())
    cases = {case.id: case for case in found.cases}
    results = files.read(compatibility.FOLDERS)
    assert [(row.name, row.version) for row in found.rows] == [(row.row, row.version) for row in results.rows]
    for number, measured in enumerate(results.rows):
        for each_cell in measured.cells:
            ((face, _),) = cases[each_cell.case].cells[number]
            shown = found.faces[face]
            assert (shown.verdict, shown.declared) == (each_cell.verdict.value, each_cell.declared.value)
            for layer, failure in zip(shown.layers, each_cell.failures.values(), strict=True):
                assert layer.passed is (failure is None)
                if failure is not None:
                    said = [_text(found, each) for each in (layer.expected, layer.seen, layer.trouble)]
                    assert said == [failure.expected, failure.seen, failure.trouble]
        counts = {
            each.value: sum(each_cell.verdict is each for each_cell in measured.cells) for each in Verdict
        }
        assert found.rows[number].counts == counts


def _text(found: PageData, number: int | None) -> str | None:
    return None if number is None else found.texts[number]


def test_every_clause_is_linked() -> None:
    found = data_of(compatibility.page())
    assert found.clauses == {name: clauses(CONTRACT)[name] for name in found.clauses}
    assert list(found.clauses) == [name for name in clauses(CONTRACT) if name in found.clauses]


def test_clauses_are_named_where_their_text_has_no_address() -> None:
    found = data_of(render(merged(row("nonecorn", "0.1", cell("a.b"), cell("a.c", clause="X1")))))
    assert found.clauses == {"C1": Clause(TITLES["C1"]), "X1": Clause()}


def test_it_is_one_file_of_a_decent_size() -> None:
    html = compatibility.page()
    assert len(html.encode()) < 1_000_000
    assert not re.findall(r"<link|<script[^>]+src|<img|@import|url\(", html)


def test_a_question_asks_for_what_can_be_declared() -> None:
    for question in QUESTIONS:
        assert set(question.needs) <= {*described(), "compression"}, question.asks


def test_environments_that_disagree_have_a_face_each() -> None:
    runs = {
        "py311": row("uvicorn", "1.0", cell("a.b")),
        "py313": row("uvicorn", "1.0", cell("a.b", REPAIRED)),
    }
    found = page_data(Merged([Measured("uvicorn", "1.0", runs)]), {})
    faces = [(found.faces[face].verdict, runs) for face, runs in found.cases[0].cells[0]]
    assert faces == [("native", [0]), ("repaired", [1])]
    assert found.rows[0].counts["repaired"] == 1


def test_known_failures_are_listed_with_their_link() -> None:
    address = "https://github.com/owner/repository/issues/1"
    html = render(merged(row("nonecorn", "0.1", known("a.b", address))))
    (failure,) = data_of(html).known
    assert (failure.case, failure.address) == ("a.b", address)
    assert f'<a href="{address}">' in html


def test_a_capability_of_another_anysocket() -> None:
    found = page_data(merged(row("nonecorn+nginx", "0.1", cell("a.b", ABSENT, "time_travel"))), {})
    assert found.capabilities["time_travel"].says == "time travel"
    assert found.rows[0].support == {"time_travel": "absent"}
    assert (found.rows[0].server, found.rows[0].variants) == ("nonecorn", ["nginx"])


def test_what_a_server_says_is_no_markup() -> None:
    trouble = "</script><script>alert(1)</script>"
    html = render(merged(row("<b>", "1", cell("a.b", REPAIRED, REASON), trouble=trouble)))
    assert "alert(1)" in html
    assert trouble not in html
    assert '<th scope="row">&lt;b&gt; ' in html
    assert data_of(html).rows[0].runs[0].trouble == trouble


def test_the_log_of_what_is_unexpected() -> None:
    died = Failure(trouble="it died", log="Segmentation fault")
    unexpected = Cell("a.b", "C1", ABSENT, Verdict.UNEXPECTED, adapter=died)
    found = page_data(merged(row("a", "1", unexpected)), {})
    (adapter,) = (each for each in found.faces[0].layers if not each.passed)
    assert [_text(found, each) for each in (adapter.trouble, adapter.log)] == [
        "it died",
        "Segmentation fault",
    ]


def test_the_bars_have_one_scale() -> None:
    found = page_data(
        merged(row("a", "1", cell("a.b"), cell("a.c", REPAIRED)), row("b", "1", cell("a.b"))), {}
    )
    first, second = bars(found.rows)
    assert [(each.verdict, each.x, each.width) for each in first] == [
        ("native", 0, WIDTH / 2),
        ("repaired", WIDTH / 2, WIDTH / 2),
    ]
    assert [each.width for each in second] == [WIDTH / 2]


def test_missing_results_are_told(tmp_path: Path) -> None:
    html = render(merge([tmp_path], ["py312"]))
    assert "py312 has written no results" in html
    assert data_of(html).rows == []
