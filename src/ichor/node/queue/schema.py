"""The queue's tables, as a list of migrations: version n of the database has the first n.

Never change a released migration; add one. Studies, instances and contents are identified by SHA-256 digests, so
that neither a UID nor any other identifying value of a patient is stored, except in storage commitment requests,
whose UIDs the report has to repeat. Times are seconds since 1970.
"""

from __future__ import annotations

# "IchN" in ASCII: distinguishes a queue from other SQLite files.
APPLICATION_ID = 0x4963684E

VERSION_1 = (
    # revision: how often the images of the study have changed. analysed: the revision of the last finished analysis.
    """CREATE TABLE study (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL CHECK (
            state IN (
                'receiving', 'waiting', 'analysing', 'delivering', 'delivered', 'undelivered', 'unusable', 'failed'
            )
        ),
        priority INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        analysed INTEGER NOT NULL DEFAULT 0,
        first_at REAL NOT NULL,
        last_at REAL NOT NULL,
        changed_at REAL NOT NULL
    ) STRICT""",
    "CREATE INDEX study_by_state ON study (state)",
    # present: whether the image is still on the disk.
    """CREATE TABLE instance (
        study_id INTEGER NOT NULL REFERENCES study (id),
        key TEXT NOT NULL,
        sop_class TEXT NOT NULL,
        content TEXT NOT NULL,
        n_bytes INTEGER NOT NULL,
        present INTEGER NOT NULL DEFAULT 1,
        received_at REAL NOT NULL,
        PRIMARY KEY (study_id, key)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX instance_by_key ON instance (key)",
    # At most one analysis of each revision. replaces: the number of the earlier analysis of the same study.
    """CREATE TABLE analysis (
        id INTEGER PRIMARY KEY,
        study_id INTEGER NOT NULL REFERENCES study (id),
        number INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        replaces INTEGER,
        state TEXT NOT NULL CHECK (state IN ('running', 'interrupted', 'abandoned', 'done', 'unusable', 'failed')),
        attempts INTEGER NOT NULL DEFAULT 0,
        started_at REAL NOT NULL,
        ended_at REAL,
        verdict TEXT,
        reason TEXT NOT NULL DEFAULT '',
        UNIQUE (study_id, number),
        UNIQUE (study_id, revision)
    ) STRICT""",
    "CREATE INDEX analysis_by_state ON analysis (state)",
    """CREATE TABLE delivery (
        id INTEGER PRIMARY KEY,
        analysis_id INTEGER NOT NULL REFERENCES analysis (id),
        destination TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'replaced', 'dead')),
        attempts INTEGER NOT NULL DEFAULT 0,
        since REAL NOT NULL,
        next_at REAL NOT NULL,
        ended_at REAL,
        reason TEXT NOT NULL DEFAULT '',
        UNIQUE (analysis_id, destination)
    ) STRICT""",
    "CREATE INDEX delivery_by_state ON delivery (state, destination)",
    # request: [[SOP Class UID, SOP Instance UID], ...] as JSON.
    """CREATE TABLE commitment (
        id INTEGER PRIMARY KEY,
        sender TEXT NOT NULL,
        transaction_uid TEXT NOT NULL,
        request TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'answered', 'dead')),
        attempts INTEGER NOT NULL DEFAULT 0,
        since REAL NOT NULL,
        next_at REAL NOT NULL,
        UNIQUE (sender, transaction_uid)
    ) STRICT""",
)

VERSION_2 = (
    # What the worklist sorts by, from the findings; null of what was analysed before, until it is read from there.
    "ALTER TABLE analysis ADD COLUMN probability REAL",
    "ALTER TABLE analysis ADD COLUMN volume_ml REAL",
    "ALTER TABLE analysis ADD COLUMN warnings INTEGER",
    # A person's decision on the whole scan: a copy of that in decisions.json beside the result.
    "ALTER TABLE analysis ADD COLUMN decision TEXT CHECK (decision IN ('accept', 'reject', 'correct'))",
    "ALTER TABLE analysis ADD COLUMN decided_by TEXT",
    "ALTER TABLE analysis ADD COLUMN decided_at TEXT",
    # Only ever added to.
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        role TEXT NOT NULL,
        way TEXT NOT NULL,
        client TEXT NOT NULL,
        did TEXT NOT NULL,
        study TEXT NOT NULL,
        detail TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT""",
    """CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END""",
    """CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END""",
)

VERSION_3 = (
    # The hash of the model package: scores are compared with the reference of the package that gave them.
    "ALTER TABLE analysis ADD COLUMN method TEXT",
    # once: an alert, of which at most one per study is delivered to each destination, whatever its number of results.
    "ALTER TABLE delivery ADD COLUMN once INTEGER NOT NULL DEFAULT 0",
)

VERSION_4 = (
    # How often the worker process died; attempts that end with the node are not among them.
    "ALTER TABLE analysis ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (VERSION_1, VERSION_2, VERSION_3, VERSION_4)
