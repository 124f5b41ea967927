"""The elements that are read of a DICOM file, and no others."""

from ichor.read.dicom import identity

# What names a patient is compared and goes no further: see `identity`.
KEYWORDS: tuple[str, ...] = (
    *identity.KEYWORDS,
    "AcquisitionDateTime",
    "AcquisitionNumber",
    "AcquisitionTime",
    "AcquisitionUID",
    "BitsAllocated",
    "BitsStored",
    "BodyPartExamined",
    "Columns",
    "ContentTime",
    "ContrastBolusAgent",
    "ContrastBolusAgentSequence",
    "ContrastBolusTotalDose",
    "ContrastBolusVolume",
    "ConvolutionKernel",
    "FrameOfReferenceUID",
    "GantryDetectorTilt",
    "HighBit",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ImageType",
    "InstanceNumber",
    "Modality",
    "NumberOfFrames",
    "PerFrameFunctionalGroupsSequence",
    "PhotometricInterpretation",
    "PixelPaddingRangeLimit",
    "PixelPaddingValue",
    "PixelRepresentation",
    "PixelSpacing",
    "PixelSpacingCalibrationDescription",
    "ProtocolName",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "Rows",
    "SamplesPerPixel",
    "SeriesDescription",
    "SeriesNumber",
    "SharedFunctionalGroupsSequence",
    "SliceThickness",
    "SOPInstanceUID",
    "TemporalPositionIdentifier",
    "WindowWidth",
)

# In which bit of the pixels an overlay lies (PS3.3 C.9.2).
OVERLAY_BITS = tuple(range(0x60000102, 0x60200000, 0x20000))
# What decoding needs besides.
PIXEL_KEYWORDS: tuple[str | int, ...] = (
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
    "PlanarConfiguration",
    *OVERLAY_BITS,
)
