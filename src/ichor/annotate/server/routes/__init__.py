"""The routes, a file a concern. Those that are plain functions run in the server's many threads; heavy ones go through
`Context.reads` and `Context.heavily`."""

from __future__ import annotations

from ichor.annotate.server.routes import consensus, enter, history, labels, layers, machine, me, person, progress, scans, tools

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
    enter.router,
)
