"""The results as one HTML page, which needs no other file, no network and no script."""

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from anysocket_matrix.bench.page.plots import BARS, RATIOS, Plot, plots
from anysocket_matrix.bench.results import Results
from anysocket_matrix.bench.scenarios import SCENARIOS
from anysocket_matrix.bench.summary import format_ratio, lines, summarise

__all__ = ["image", "render"]

_LEGEND = 190
"""Pixels from one app's name to the next."""


def render(results: Results) -> str:
    """Render the page."""
    cells = summarise(results)
    apps = list(dict.fromkeys(cell.app for cell in cells))
    servers = {
        server: lines([cell for cell in cells if cell.server == server], results.units)
        for server in dict.fromkeys(cell.server for cell in cells)
    }
    return (
        _templates()
        .get_template("page.html.jinja")
        .render(
            style=_style("plot.css", "page.css"),
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
            format_ratio=format_ratio,
        )
        + "\n"
    )


def image(plot: Plot, title: str, apps: Sequence[str]) -> str:
    """Render one plot as an SVG file, with a legend and its own background."""
    legend = [(name, number * _LEGEND) for number, name in enumerate(apps)]
    return (
        _templates()
        .get_template("image.svg.jinja")
        .render(style=_style("plot.css"), plot=plot, title=title, legend=legend, bars=BARS, ratios=RATIOS)
        + "\n"
    )


def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("anysocket_matrix.bench.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _style(*names: str) -> Markup:
    return Markup("".join((files(__name__) / name).read_text(encoding="utf-8") for name in names))  # our own
