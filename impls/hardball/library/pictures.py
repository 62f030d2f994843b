"""An embedding as a picture."""

from pathlib import Path
from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.polar import Polar
from hardball.report.commands import drawing
from hardball.report.site import disk as pages


def disk(hierarchy: Hierarchy, polar: Polar, path: Path | None) -> Any:
    """The nodes with most descendants in the Poincaré disk, as a Matplotlib figure.

    Raises HardballError on Euclidean points, and where Matplotlib is not installed.
    """
    if not polar.hyperbolic:
        raise HardballError("points of R^d have no place in the Poincaré disk")
    disk_plots, projection, style = map(
        drawing, ("plots.disk_plots", "plots.projection", "plots.style")
    )
    shown = disk_plots.prominent(hierarchy)
    radius, direction = polar.radius[shown], polar.direction[shown]
    plane = projection.project(radius, direction)
    dim = direction.shape[1]
    said = disk_plots.subtitle_of(plane, dim, radius, hierarchy.n_nodes, len(shown))
    names = [str(name) for name in np.asarray(hierarchy.names)[shown]]
    figure = disk_plots.draw(plane, hierarchy, shown, names, hierarchy.name, said)
    if path is not None:
        style.styled(figure.savefig)(path)
    return figure


def page(hierarchy: Hierarchy, polar: Polar, path: Path | None) -> Path:
    """Writes all nodes as one page that needs nothing else, and gives its path.

    Raises HardballError on Euclidean points, and without a path.
    """
    if path is None:
        raise HardballError("an interactive plot is a page: say where, such as path='disk.html'")
    return pages.write(pages.disk(hierarchy, polar), path)
