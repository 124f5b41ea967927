"""What has to be sent of a new result, in place of what is left to send of the study's earlier ones."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ichor.node.queue.database import Database


def replace_deliveries(
    database: Database, analysis_id: int, destinations: Sequence[str], alerts: Sequence[str]
) -> bool:
    """Enter the deliveries of a result; returns whether there are any. Within a transaction.

    What is left of earlier results of the study is replaced. An alert that was delivered is not sent again.
    """
    now = time.time()
    of_study = "(SELECT a.id FROM analysis a JOIN analysis this ON this.study_id = a.study_id WHERE this.id = ?)"
    database.write(
        "UPDATE delivery SET state = 'replaced', ended_at = ? WHERE state IN ('pending', 'dead') "  # noqa: S608
        f"AND analysis_id IN {of_study}",
        (now, analysis_id),
    )
    alerted = database.rows(
        f"SELECT destination FROM delivery WHERE once AND state = 'delivered' AND analysis_id IN {of_study}",  # noqa: S608
        (analysis_id,),
    )
    sent = {one["destination"] for one in alerted}
    rows = [(one, 0) for one in destinations] + [(one, 1) for one in alerts if one not in sent]
    for destination, once in rows:
        database.write(
            "INSERT INTO delivery (analysis_id, destination, state, once, since, next_at) "
            "VALUES (?, ?, 'pending', ?, ?, ?)",
            (analysis_id, destination, once, now, now),
        )
    return bool(rows)
