"""How the documentation is built: `make docs` turns these pages into a site."""

from gateway import __version__

project = "payex-usage-gateway"
author = "The payex-usage-gateway authors"
release = version = __version__
extensions = ["myst_parser"]
exclude_patterns = ["routers"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_title = f"{project} {__version__}"
# Pages link to headings, as they do where the repository is read.
myst_heading_anchors = 3
# Files of the repository beside the pages are linked to by their paths.
# Pygments does not know the directives of a GraphQL schema.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]
