"""The features of earlier frameworks."""

import inspect
from importlib import import_module
from pathlib import Path

from docs.folders import DOCS
from docs.tables import table
from tests.features.feature import FEATURES, SEEDS


def features() -> str:
    """List each feature of earlier frameworks, with anysocket's name for it and the test that proves it."""
    for seed, _ in SEEDS.values():
        import_module(f"tests.features.test_{seed}")
    import_module("tests.outside.test_proxies")
    names = (f"{prefix}{number}" for prefix, (_, count) in SEEDS.items() for number in range(1, count + 1))
    rows: list[tuple[str, ...]] = []
    for name in names:
        feature = FEATURES[name]
        file = Path(inspect.getsourcefile(feature.test) or "")
        test = f"[{feature.test.__name__}](../{file.relative_to(DOCS.parent).as_posix()})"
        does, api = (text.replace("|", "\\|") for text in (feature.does, feature.api))
        rows.append((name, does, api, test))
    return table(("", "feature", "served by", "proved by"), rows)
