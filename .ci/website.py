"""A hook of MkDocs: what the site takes from outside docs/, and what is written for it.

README, CONTRIBUTING and CHANGELOG stand where a code host shows them, and link to files as they lie
in the repository. The page of the chapter is made by the program that makes it for everyone. What a
reader's browser would fetch from elsewhere is an error.
"""

import os
import re
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

import autodiff
from autodiff.drawing.rendering import Drawing
from examples.page import chapter

ROOT = Path(__file__).parents[1]
OUTSIDE = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "examples/chapter.ipynb"]
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
MERMAID = re.compile(r"```mermaid\nflowchart (\w\w)\n(.*?)```", flags=re.DOTALL)
FETCHED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=.?(?:https?:)?//[^>]*>")

# The reference looks at the module as it is, and some names are loaded when they are first used.
vars(autodiff).update({name: getattr(autodiff, name) for name in autodiff.__all__})


def on_files(files, config):
    """Add the documents and figures outside docs/, and the page of the chapter."""
    figures = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/figures/*.svg")]
    for name in [*OUTSIDE, *figures]:
        files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    files.append(File.generated(config, "chapter-page.html", content=chapter().html))
    return files


def on_page_markdown(markdown, page, config, files):
    """Lead the links of the repository to where the files are in the site; draw the graphs."""
    source = Path(page.file.abs_src_path)

    def in_site(found):
        path = (source.parent / found[0]).resolve()
        base = Path(config.docs_dir) if path.is_relative_to(config.docs_dir) else ROOT
        return os.path.relpath(path.relative_to(base), Path(page.file.src_uri).parent)

    markdown = re.sub("^<BLANKLINE>$", "", markdown, flags=re.MULTILINE)  # of doctest
    return MERMAID.sub(drawn, LINK.sub(in_site, markdown))


def drawn(found):
    """Draw a flowchart of plain arrows: a script for Mermaid would be fetched by each reader."""
    graph = Drawing(
        graph_attr={"rankdir": found[1], "bgcolor": "transparent", "ranksep": "0.35"},
        node_attr={"shape": "box", "style": "rounded,filled", "margin": "0.25,0.05"},
    )
    for tail, head in re.findall(r"(\w+) --> (\w+)", found[2]):
        graph.edge(tail, head)
    svg = graph.pipe(format="svg", encoding="utf-8")
    return f'<div class="rooms">{svg[svg.index("<svg") :]}</div>'


def on_post_page(output, page, config):
    """Refuse what a browser would fetch from elsewhere."""
    if fetched := FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} fetches from elsewhere: {fetched[0]}")
    return output
