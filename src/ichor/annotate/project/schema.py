"""The schema of the project's database as a list of migrations; version n of a database has the first n.

Never change a released migration; add one. `change` is both the history and the state: triggers ensure that nothing in
it is ever altered or deleted, and the latest row of its kind is the current one.
"""

from __future__ import annotations

# "Icho" in ASCII: distinguishes a project's database from other SQLite files.
APPLICATION_ID = 0x4963686F

VERSION_1 = (
    """CREATE TABLE scan (
        id INTEGER PRIMARY KEY,
        subject TEXT NOT NULL,
        name TEXT NOT NULL,
        n_slices INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        columns INTEGER NOT NULL,
        source_path TEXT NOT NULL,
        added_at TEXT NOT NULL
    ) STRICT""",
    "CREATE TABLE reader (name TEXT PRIMARY KEY COLLATE NOCASE, added_at TEXT NOT NULL) STRICT",
    # slice -1 is the scan itself. drawn: the labels in a map, as in "1,6".
    """CREATE TABLE change (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        scan_id INTEGER NOT NULL REFERENCES scan (id),
        layer TEXT NOT NULL,
        slice INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('map', 'labels', 'state', 'person')),
        revision INTEGER NOT NULL CHECK (revision > 0),
        payload TEXT NOT NULL,
        drawn TEXT NOT NULL DEFAULT '',
        by_machine INTEGER NOT NULL DEFAULT 0,
        UNIQUE (scan_id, kind, layer, slice, revision)
    ) STRICT""",
    """CREATE TRIGGER history_is_not_altered BEFORE UPDATE ON change
        BEGIN SELECT RAISE(ABORT, 'the history is never altered'); END""",
    """CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON change
        BEGIN SELECT RAISE(ABORT, 'the history is never deleted'); END""",
    # The time spent grows every few seconds and is not a change of the annotation.
    """CREATE TABLE spent (
        scan_id INTEGER NOT NULL REFERENCES scan (id),
        reader TEXT NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (scan_id, reader)
    ) STRICT""",
)

# The model's uncertainty about each slice, so that sorting the worklist does not run the model again.
VERSION_2 = (
    """CREATE TABLE uncertainty (
        scan_id INTEGER PRIMARY KEY REFERENCES scan (id),
        slices TEXT NOT NULL
    ) STRICT""",
)

# The estimated labeling time. Uncertainties stored without it are calculated again.
VERSION_3 = (
    "DELETE FROM uncertainty",
    "ALTER TABLE uncertainty ADD COLUMN labelling_s REAL NOT NULL DEFAULT 0",
)

# The SHA-256 of the scan's file; '' for a file of an earlier version, until it is read.
VERSION_4 = ("ALTER TABLE scan ADD COLUMN sha256 TEXT NOT NULL DEFAULT ''",)

# The origin of each label of a map, as in "2:drawn,5:ai accepted"; '' for an empty map and for rows of earlier
# versions. The slices that a reader viewed while working on a layer; unknown for layers finished before. A key that
# identifies the project to a page on any port.
VERSION_5 = (
    "ALTER TABLE change ADD COLUMN origins TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE looked (
        scan_id INTEGER NOT NULL REFERENCES scan (id),
        layer TEXT NOT NULL,
        reader TEXT NOT NULL,
        slice INTEGER NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (scan_id, layer, reader, slice)
    ) STRICT""",
    "CREATE TABLE project (key TEXT NOT NULL, last_change_before_looks INTEGER NOT NULL) STRICT",
    "INSERT INTO project SELECT lower(hex(randomblob(16))), coalesce(max(id), 0) FROM change",
)

# Which readers read a scan; those without any are read by all.
VERSION_6 = (
    """CREATE TABLE assignment (
        scan_id INTEGER NOT NULL REFERENCES scan (id),
        reader TEXT NOT NULL,
        who TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (scan_id, reader)
    ) STRICT""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6)
