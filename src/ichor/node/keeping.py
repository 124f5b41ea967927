"""What is deleted: images after the results were delivered, and the earlier content of images that changed."""

from __future__ import annotations

from ichor.node.logs import log, short
from ichor.node.queue.queue import Queue
from ichor.node.store import Store


def delete_earlier_content(store: Store, queue: Queue, study: str) -> None:
    """Delete the files of a study that later content of the same images has replaced."""
    with store.alone():
        store.delete_others(study, queue.studies.files_of(study))


def delete_images(store: Store, queue: Queue, keep_s: float) -> None:
    """Delete the images of studies whose results were delivered so long ago, or that have none that can be screened."""
    for study in queue.studies.deletable(keep_s):
        with store.alone():
            if queue.studies.forget_images(study):
                store.delete(study)
                log.info("study %s: images deleted", short(study))
