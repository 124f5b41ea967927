"""The routes, one file for each concern.

Plain functions run in the server's thread pool; heavy work goes through `Context.reads` and `Context.heavily`.
"""

from __future__ import annotations

from ichor.annotate.server.routes import (
    consensus,
    export,
    history,
    labels,
    layers,
    machine,
    me,
    person,
    progress,
    project,
    scans,
    tools,
)

ROUTERS = (
    me.router,
    scans.router,
    layers.router,
    progress.router,
    labels.router,
    person.router,
    history.router,
    tools.router,
    machine.router,
    consensus.router,
    project.router,
    export.router,
)
