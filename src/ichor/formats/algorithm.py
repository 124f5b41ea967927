"""The algorithm that made a DICOM object, in the different forms in which objects identify it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ichor.formats.concepts import Concept
from ichor.formats.uid import named_uid

MANUFACTURER = "Ichor"
# PS3.16 CID 7162, Surface Processing Algorithm Family, which PS3.3 10.16 refers to, too.
ARTIFICIAL_INTELLIGENCE = Concept("cid7162", "ArtificialIntelligence")
MORPHOLOGY = Concept("cid7162", "MorphologicalOperations")
# PS3.16 CID 7005, Contributing Equipment Purpose of Reference.
PROCESSING = Concept("cid7005", "ProcessingEquipment")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm, in enough detail to run it again.

    Attributes:
        name, version: up to 64 characters each.
        sha256: of the model's files; empty if it has none.
        parameters: the parameters of the run, by name.
        is_ai: whether it is artificial intelligence rather than other image processing.
    """

    name: str
    version: str
    sha256: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    is_ai: bool = True

    def sequence(self) -> Any:
        """The Algorithm Identification Macro (PS3.3 10.16), for a segment."""
        from highdicom import AlgorithmIdentificationSequence

        return AlgorithmIdentificationSequence(
            self.name, self._family(), self.version, MANUFACTURER, self._all_parameters() or None
        )

    def template(self) -> Any:
        """Algorithm Identification (PS3.16 TID 4019), for a structured report."""
        from highdicom.sr import AlgorithmIdentification

        return AlgorithmIdentification(
            self.name,
            self.version,
            [f"{name}={value}" for name, value in self._all_parameters().items()] or None,
            self._family(),
            MANUFACTURER,
        )

    def equipment(self) -> Any:
        """An item of the Contributing Equipment Sequence (PS3.3 C.12.1.1.5).

        IHE AI Results (AIR) 6.5.3.1 requires one for each algorithm behind a result, with manufacturer, model, version
        and a Device UID that changes with the model: `device_uid`.
        """
        from highdicom import ContributingEquipment

        item: Any = ContributingEquipment(
            MANUFACTURER, PROCESSING.code(), manufacturer_model_name=self.name, software_versions=self.version
        )
        item.DeviceUID = self.device_uid
        return item

    @property
    def device_uid(self) -> str:
        """A UID that is the same wherever the same model is run, and another one for any other model."""
        return named_uid("algorithm", self.name, self.version, self.sha256)

    def _all_parameters(self) -> dict[str, str]:
        return dict([*([("package_sha256", self.sha256)] if self.sha256 else []), *self.parameters])

    def _family(self) -> Any:
        return (ARTIFICIAL_INTELLIGENCE if self.is_ai else MORPHOLOGY).code()
