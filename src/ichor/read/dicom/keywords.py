"""The only elements that are read from a DICOM file."""

from ichor.read.dicom import identity

# Elements that identify a patient are only compared: see `identity`.
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

# The bit of the pixels that holds an overlay (PS3.3 C.9.2).
OVERLAY_BITS = tuple(range(0x60000102, 0x60200000, 0x20000))
# Additional elements for decoding.
PIXEL_KEYWORDS: tuple[str | int, ...] = (
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
    "PlanarConfiguration",
    *OVERLAY_BITS,
)
