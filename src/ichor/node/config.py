"""The node's configuration: node.yaml in its folder. Unknown keys are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator

from ichor.errors import BadConfig
from ichor.models.package import DEFAULT_MODEL, one_line
from ichor.node.config_messages import Hl7Destination, SecureUrl, SmtpDestination, WebhookDestination
from ichor.node.config_parts import Address, AeTitle, ClientTls, Name, NotNegative, Part, Port, Positive
from ichor.serving.address import is_loopback

CONFIG = "node.yaml"
MIB, GIB = 2**20, 2**30


class ServerTls(Part):
    """TLS of the listener: the node's certificate, and the authority that senders' certificates must come from."""

    certificate: Path
    key: Path
    senders_ca: Path | None = None


class Limits(Part):
    """Limits on what is received."""

    associations: Annotated[int, Field(ge=1, le=1000)] = 20
    image_mib: Positive = 1024
    images_per_minute: Positive = 20000
    keep_free_gib: NotNegative = 2
    idle_s: Positive = 60


class Listener(Part):
    """Where the node listens, and its limits."""

    ae_title: AeTitle = "ICHOR"
    address: str = "127.0.0.1"
    port: Port = 11112
    tls: ServerTls | None = None
    limits: Limits = Limits()


class Sender(Part):
    """An AE title that may send: with `host`, only from that address; `port` is for storage commitment reports."""

    ae_title: AeTitle
    host: Address | None = None
    port: Port | None = None
    priority: int = 0

    @model_validator(mode="after")
    def _port_has_host(self) -> Sender:
        if self.port is not None and self.host is None:
            raise ValueError("expected a host with the port")
        return self


class DimseDestination(Part):
    """A destination that receives results by C-STORE."""

    kind: Literal["c-store"]
    ae_title: AeTitle
    host: str
    port: Port
    tls: ClientTls | None = None


class WebDestination(Part):
    """A destination that receives results by STOW-RS at this DICOMweb address."""

    kind: Literal["stow-rs"]
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    ca: Path | None = None


Destination = Annotated[
    DimseDestination | WebDestination | Hl7Destination | WebhookDestination | SmtpDestination,
    Field(discriminator="kind"),
]


class Retry(Part):
    """When a failed delivery is retried."""

    first_s: Positive = 10
    most_s: Positive = 900
    give_up_h: Positive = 72


class Screening(Part):
    """How studies are screened, and which outputs are written.

    `reference` is the folder of a validation of the model (`ichor validate`): drift is measured from its scans.
    """

    model: str = DEFAULT_MODEL
    operating_point: str | None = None
    outputs: tuple[str, ...] = ("dicom-seg", "dicom-sr", "dicom-sc")
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    threads: Annotated[int, Field(ge=1)] | None = None
    most_s: Positive = 1800
    reference: Path | None = None


class Completion(Part):
    """When a study is complete."""

    quiet_s: NotNegative = 60
    on_commitment: bool = False


class Retention(Part):
    """When images are deleted, and after them results together with the queue's rows about their study.

    Times count from the delivery of the study's results, or from the finding that it cannot be screened; null keeps.
    """

    keep_images_h: NotNegative | None = 24
    keep_results_h: NotNegative | None = None

    @model_validator(mode="after")
    def _images_go_first(self) -> Retention:
        images, results = self.keep_images_h, self.keep_results_h
        if results is not None and (images is None or images > results):
            raise ValueError(
                "expected keep_results_h to be at least keep_images_h, since results are deleted after their images"
            )
        return self


class Watched(Part):
    """A folder whose DICOM files are accepted into the queue and then removed."""

    folder: Path
    still_s: Positive = 5
    priority: int = 0


class WebTls(Part):
    """TLS of the web server: a certificate and its key, or a self-signed one that the node makes."""

    certificate: Path | None = None
    key: Path | None = None
    self_signed: bool = False

    @model_validator(mode="after")
    def _either(self) -> WebTls:
        if (self.certificate is None) != (self.key is None) or self.self_signed == (self.certificate is not None):
            raise ValueError("expected certificate and key, or self_signed: true")
        return self


class Web(Part):
    """Where the worklist and the REST interface are served."""

    address: str = "127.0.0.1"
    port: Port = 8486
    tls: WebTls | None = None

    @model_validator(mode="after")
    def _tls_beyond_this_machine(self) -> Web:
        if is_loopback(self.address) == (self.tls is not None):
            raise ValueError(
                f"expected tls for an address beyond this machine ({self.address}), found none"
                if self.tls is None
                else f"expected an address beyond this machine for tls, found {self.address}"
            )
        return self


class NodeConfig(Part):
    """All of node.yaml."""

    listener: Listener = Listener()
    senders: tuple[Sender, ...] = ()
    completion: Completion = Completion()
    screening: Screening = Screening()
    destinations: dict[Name, Destination] = Field(default_factory=dict)
    retry: Retry = Retry()
    worklist: SecureUrl | None = None
    log: Literal["text", "json"] = "text"
    retention: Retention = Retention()
    watched: Watched | None = None
    web: Web | None = None

    @property
    def worklist_url(self) -> str | None:
        """Where people see the worklist: as configured, or else at the web server's address, if there is one."""
        if self.worklist is not None or self.web is None:
            return self.worklist
        host = f"[{self.web.address}]" if ":" in self.web.address else self.web.address
        return f"{'http' if self.web.tls is None else 'https'}://{host}:{self.web.port}/"

    @model_validator(mode="after")
    def _senders_differ(self) -> NodeConfig:
        titles = [one.ae_title for one in self.senders]
        if len(set(titles)) < len(titles):
            raise ValueError("expected senders with different AE titles")
        return self


def read_config(folder: Path) -> NodeConfig:
    """Read the configuration in a node's folder; its paths are relative to that folder.

    Raises BadConfig, in one line, if it is missing or invalid.
    """
    file = folder / CONFIG
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadConfig(
            f"{file}: expected a node's configuration, found none: create it with ichor node init"
        ) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadConfig(f"{file}: expected a node's configuration, found {one_line(error)}") from error
    try:
        config = NodeConfig.model_validate(content or {})
    except ValidationError as error:
        raise BadConfig(f"{file}: expected a node's configuration, found {one_line(error)}") from error
    return _from(folder, config)


def _from(folder: Path, config: NodeConfig) -> NodeConfig:
    """The configuration with its paths resolved against the folder."""

    def absolute(part: BaseModel) -> dict[str, object]:
        changed: dict[str, object] = {}
        for name, value in part:
            if isinstance(value, Path):
                changed[name] = folder / value
            elif isinstance(value, BaseModel):
                changed[name] = value.model_copy(update=absolute(value))
            elif isinstance(value, dict):
                changed[name] = {key: one.model_copy(update=absolute(one)) for key, one in value.items()}
        return changed

    return config.model_copy(update=absolute(config))
