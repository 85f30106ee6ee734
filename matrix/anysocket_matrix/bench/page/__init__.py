"""The results as one page for the browser: it needs nothing else, no network and no script."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from anysocket_matrix.bench.page.plots import BARS, RATIOS, plots
from anysocket_matrix.bench.results import Results
from anysocket_matrix.bench.scenarios import SCENARIOS
from anysocket_matrix.bench.summary import lines, says, summarise

__all__ = ["render"]


def render(results: Results) -> str:
    """Give the page."""
    cells = summarise(results)
    apps = list(dict.fromkeys(cell.app for cell in cells))
    servers = {
        server: lines([cell for cell in cells if cell.server == server], results.units)
        for server in dict.fromkeys(cell.server for cell in cells)
    }
    environment = Environment(
        loader=PackageLoader("anysocket_matrix.bench.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return (
        environment.get_template("page.html.jinja").render(
            style=Markup((files(__name__) / "page.css").read_text(encoding="utf-8")),  # our own file
            environment=results.environment,
            commands=results.commands,
            troubles=results.troubles,
            rounds=max((cell.rounds for cell in cells), default=0),
            apps=apps,
            cells=cells,
            servers=servers,
            plots=plots(servers, apps),
            bars=BARS,
            ratios=RATIOS,
            explained={scenario.name: scenario.says for scenario in SCENARIOS},
            says=says,
        )
        + "\n"
    )
