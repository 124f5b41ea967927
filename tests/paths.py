"""Where the data that tests read lies, a small part of it in the repository, all of it beside; and Orthanc."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"
DEMO = ROOT / "examples" / "demo-scan"
CT_ICH_PART = DATA / "ct-ich"
GE_HEAD_PART = DATA / "ge-head"
TEMPLATES = DATA / "templates"
# What an earlier Ichor wrote: see the README there.
EARLIER_VERSION = DATA / "version-06608c8"

SHARED = ROOT.parent / "shared"
CT_ICH = Path(os.environ.get("ICHOR_CT_ICH") or SHARED / "ct-ich")
GE_HEAD = SHARED / "dicom" / "ge-head"
PHANTOM = SHARED / "dicom" / "philips-phantom"
WHOLE_TEMPLATES = SHARED / "templates"

# As Debian installs them, outside the search path of users.
ORTHANC = Path("/usr/sbin/Orthanc")
ORTHANC_DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

# Other people's DICOM software that .ci/run installs for the tests: OHIF, built, and dcmqi and dicomweb-client in an
# environment of their own.
OTHERS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ichor-tests"
OHIF = OTHERS / "ohif-3.13.2"
DICOM_CLIENTS = OTHERS / "dicom-clients-1" / "bin"
