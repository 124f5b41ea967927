"""`ichor screen PATH... --out DIR`: from scans to findings, masks and reports."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.options import (
    CropOption,
    OperatingPointOption,
    PixelOption,
    SeriesOption,
    SliceOption,
    WindowOption,
    read_options,
)
from ichor.cli.screen_archive import Archive, refuse_archives, screen_archive
from ichor.cli.screen_messages import close, reporting_what_is_left
from ichor.cli.screen_progress import progress
from ichor.errors import IchorError

if TYPE_CHECKING:
    from ichor.screening.outcome import Outcome


def screen(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Scans (DICOM folder or zip, NIfTI file, ct-ich subject, folder of JPG or PNG slices, two AVIs), "
            "folders of these, or .txt lists of paths, one per line. With --cluster, also addresses (s3://, gs://, "
            "https://), and .csv or .parquet lists with a column path, whose other columns are added to the results.",
        ),
    ],
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="DIR",
            help="The folder for the results; each scan gets a subfolder. With --cluster, also an address (s3://, "
            "gs://).",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME|FOLDER", help="The model package, by name or folder. Default: the shipped model."
        ),
    ] = None,
    operating_point: OperatingPointOption = None,
    outputs: Annotated[
        str | None,
        typer.Option(
            "--outputs",
            metavar="NAME,...",
            help="What to write for each scan, separated by commas: report, nifti, json, probability, dicom-seg, "
            "dicom-probability, dicom-sr, dicom-sc. Default: report,nifti,json. findings.json is always written.",
        ),
    ] = None,
    probability: Annotated[
        bool, typer.Option("--probability", help="Also write the voxel probabilities (the output probability).")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            help="Number of scans to process at the same time, each in its own process.",
        ),
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", min=1, help="Processor threads for all workers together."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="ADDRESS|local[:N]",
            help="Screen with Dask (extra archive), on N workers on this machine or on those of the scheduler at "
            "ADDRESS. Also writes manifest.parquet and results.parquet.",
        ),
    ] = None,
    no_paths: Annotated[
        bool, typer.Option("--no-paths", help="Leave the paths of the scans out of the results; their names stay.")
    ] = False,
    patient_names: Annotated[
        bool,
        typer.Option(
            "--patient-names",
            help="Write the patient's name, date of birth and study date on each report.html, and nowhere else. "
            "Such a report is a patient record.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Screen scans again that have already been screened.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show full tracebacks, which may quote the content of files.")
    ] = False,
    window: WindowOption = None,
    pixel_mm: PixelOption = None,
    slice_mm: SliceOption = None,
    crop: CropOption = None,
    series: SeriesOption = None,
) -> None:
    """Find hemorrhage in each scan and write findings.json, mask.nii.gz and report.html for it, or other outputs.

    All DICOM files of one study are one scan, whatever series they form. A folder or archive with several studies,
    NIfTI files, archives or ct-ich subjects contains one scan for each of them, as `ichor inspect` shows. summary.csv
    lists all scans. Scans that were already screened with the same model and options are skipped.

    Exit status: 0 if every scan was screened, 1 if some of several failed, 2 if the only one could not be read, DIR
    could not be written, or the command was wrong. Research use only; not a medical device.
    """
    from ichor.read import start_reading_process

    start_reading_process()  # first, so that it imports what it needs while this process does
    from ichor.models.package import DEFAULT_MODEL, find_package, operating_point_of
    from ichor.screening.batch import plan, screen_batch
    from ichor.screening.inputs import content_sha256, find_scans
    from ichor.screening.job import Shown
    from ichor.screening.out_folder import check_out_folder, make_out_folder, summed_up
    from ichor.screening.outputs import asked_outputs
    from ichor.screening.screener import Screener

    options = read_options(window, pixel_mm, slice_mm, series, crop)
    package = find_package(model or DEFAULT_MODEL)
    planned = partial(
        plan,
        options=options,
        outputs=asked_outputs(outputs, probability, package),
        method_sha256=content_sha256(package),
        operating_point=operating_point_of(package, operating_point),
        show=Shown(paths=not no_paths, patient=patient_names),
    )
    if cluster is not None:
        if workers > 1:
            raise IchorError("expected either --workers or --cluster, found both")
        asked = Archive(paths, out, cluster, model or DEFAULT_MODEL, operating_point, threads, series, force, debug)
        raise typer.Exit(screen_archive(asked, planned))
    refuse_archives(paths, out)
    folder = Path(out)
    check_out_folder(folder)
    jobs = planned(find_scans(map(Path, paths), folder, series), folder)
    make_out_folder(folder)
    each = max(1, (threads or os.cpu_count() or 1) // min(workers, len(jobs)))
    make_screener = partial(Screener, package, threads=each, operating_point=operating_point)
    outcomes: list[Outcome] = []
    notify = partial(typer.echo, err=True)
    with (
        reporting_what_is_left(len(jobs), outcomes),
        summed_up(folder, outcomes),
        closing(screen_batch(jobs, make_screener, workers=workers, force=force, debug=debug, notify=notify)) as batch,
        progress(len(jobs)) as show,
    ):
        for outcome in batch:
            outcomes.append(outcome)
            show(outcome)
    if debug:
        typer.echo("".join(one.traceback for one in outcomes), err=True, nl=False)
    raise typer.Exit(close(outcomes, out))
