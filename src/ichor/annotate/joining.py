"""The readers of a project when it is served."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from ichor.annotate.project import Project
from ichor.annotate.project.people import Role
from ichor.serving.access import ACCESS, Access
from ichor.serving.accounts import Accounts

# The name of the reader if none was given.
READER = "reader"


def join(project: Project, names: Sequence[str], *, alone: bool) -> list[str]:
    """Add readers to a project and return their names in the project's spelling.

    They are those in `names`, or all readers of the project if it is empty; with `alone`, a reader named "reader" is
    added if there would be none. Accounts with the role of reader are added, too, but not adjudicators and admins.
    """
    with closing(Access(project.folder / ACCESS)) as access:
        accounts = Accounts(access).all()
    for one in accounts:
        if one.role == Role.READER:
            project.add_reader(one.name)
    others = {one.name.casefold() for one in accounts if one.role != Role.READER}
    asked = [name for name in names if name.casefold() not in others]
    if not names:
        asked = project.readers() or ([READER] if alone and not accounts else [])
    return list(dict.fromkeys(project.add_reader(name) for name in asked))
