"""A hook of mkdocs: what pages link to outside docs/ becomes part of the site.

Tables are pages, code is shown, folders are lists, pictures and data are copied. Links are written
anew, since the site has no folder above docs/.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)")
MARKDOWN = ".md"
CODE = {".py": "python", ".yaml": "yaml", ".toml": "toml"}


def outside(page: str, link: str) -> str:
    """The path below the repository that a page's link leads to, "" where it stays in docs/.

    >>> outside("findings/index.md", "../../results/v0.1/nouns")
    'results/v0.1/nouns'
    """
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link))
    return "" if path.startswith("docs/") else path


def name(path: str) -> str:
    """What a file or folder of the repository is called in the site."""
    if (ROOT / path).is_dir():
        return f"{path}/index.md"
    return f"{path}.md" if Path(path).suffix in CODE else path


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds what pages link to, and what those link to in turn."""
    waiting = [(page.src_uri, page.content_string) for page in files.documentation_pages()]
    while waiting:
        source, text = waiting.pop()
        for link in LINK.findall(text):
            path = outside(source, link)
            if not path:
                continue
            for made in _made(path, config):
                if files.get_file_from_path(made.src_uri) is not None:
                    continue
                files.append(made)
                if made.src_uri.endswith(MARKDOWN):
                    waiting.append((made.src_uri, made.content_string))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to what lies outside docs/ lead to its place in the site."""
    here = posixpath.dirname(page.file.src_uri)

    def inside(found: re.Match[str]) -> str:
        path = outside(page.file.src_uri, found[1])
        return f"]({posixpath.relpath(name(path), here or '.')}" if path else found[0]

    return LINK.sub(inside, markdown)


def _made(path: str, config: MkDocsConfig) -> list[File]:
    """The files of the site for a path: of a folder, its list and all that lies in it."""
    place = ROOT / path
    if place.is_dir():
        inside = sorted(file.name for file in place.iterdir() if file.name[0] != ".")
        places = {each: posixpath.relpath(name(f"{path}/{each}"), path) for each in inside}
        lines = [f"- [{each}]({places[each]})" for each in inside]
        listed = _file(config, name(path), content="\n".join([f"# {path}", "", *lines, ""]))
        return [listed, *(made for each in inside for made in _made(f"{path}/{each}", config))]
    if place.suffix in CODE:
        code = f"# {path}\n\n```{CODE[place.suffix]}\n{place.read_text(encoding='utf-8')}```\n"
        return [_file(config, name(path), content=code)]
    return [_file(config, path, abs_src_path=str(place))]


def _file(config: MkDocsConfig, uri: str, **given: str) -> File:
    return File.generated(config, uri, inclusion=InclusionLevel.NOT_IN_NAV, **given)
