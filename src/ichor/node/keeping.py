"""Deletes images after the results were delivered, and earlier content of images that changed."""

from __future__ import annotations

from ichor.node.logs import log, short
from ichor.node.queue.queue import Queue
from ichor.node.store import Store


def delete_earlier_content(store: Store, queue: Queue, study: str) -> None:
    """Delete a study's files that were superseded by later content of the same images."""
    with store.exclusive():
        store.delete_superseded(study, queue.studies.files_of(study))


def delete_images(store: Store, queue: Queue, keep_s: float) -> None:
    """Delete images of studies whose results were delivered this long ago, or that cannot be screened."""
    for study in queue.studies.deletable(keep_s):
        with store.exclusive():
            if queue.studies.mark_images_deleted(study):
                store.delete(study)
                log.info("study %s: images deleted", short(study))
