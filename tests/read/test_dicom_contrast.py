"""Contrast agent in the words of many languages, and the words that say there was none."""

from __future__ import annotations

import pytest

from ichor.read.dicom.contrast import LANGUAGES, contrast_in_name, is_agent

NONE_GIVEN = """
HEAD W/O 4mm | HEAD WO | HEAD W/O CONTRAST | CT HEAD WITHOUT IV CONTRAST | Head non contrast | NON-CON 5mm
NCCT Brain | NECT | CT BRAIN PLAIN | HEAD NATIVE | UNENHANCED HEAD | PRE CONTRAST | Precontrast 5.0 | HEAD NO CONTRAST
HEAD C- | NC 5MM | NON ENHANCED | Brain_w/o_contrast | without
Schädel ohne KM | Kopf nativ 5.0 | CCT nativ | ohne Kontrastmittel | Schaedel o. KM | kein Kontrastmittel
SCHÄDEL KM-
Crâne sans injection | SPC 5mm | cerveau sans PDC | CRANE SANS IV | sans contraste | avant injection
crane non injecté
Cráneo sin contraste | CRANEO SIMPLE | sin CIV | CEREBRO S/C | craneo basal
Encefalo senza mdc | cranio basale | senza contrasto | CRANIO DIRETTA | s/mdc
Crânio sem contraste | CRANIO SEM | cranio simples | s/ contraste
Hersenen zonder contrast | schedel blanco | HERSENEN ZONDER KM | geen contrast
Skalle utan kontrast | hode uten kontrast | hoved uden kontrast | głowa bez kontrastu | hlava bez k.l.
beyin kontrastsız
Голова без контраста | 头颅平扫 | 頭部単純CT
"""
GIVEN = """
HEAD WITH CONTRAST 5mm | HEAD W/ CONTRAST | HEAD W CON | HEAD W IV | Brain +C | HEAD C+ | POST CONTRAST | CECT head
CTA HEAD | CT ANGIO CAROTIDS | Contrast enhanced | CT perfusion | HEAD W | postcontrast | head with iv
ARTERIAL PHASE
Schädel mit KM | Kopf nach KM | CCT KM 5.0 | nach Kontrastmittelgabe | SCHÄDEL + KM | KM arteriell
Crâne avec injection | CRANE INJECTE | après injection | avec contraste | angioscanner TSA
Cráneo con contraste | CEREBRO C/C | craneo contrastado | angio-tac | con civ
Encefalo con mdc | cranio dopo contrasto | fase venosa | con contrasto
Crânio com contraste | CRANIO CONTRASTADO | após contraste
Hersenen met contrast | schedel met KM | na contrast
Skalle med kontrast | głowa z kontrastem | beyin kontrastlı | голова с контрастом | 头颅增强 | 頭部造影
"""
SAYS_NOTHING = """
HEAD 5mm | Schädel 5.0 H31s | HEAD W/WO CONTRAST | HEAD W AND W/O | CT HEAD WITH AND WITHOUT CONTRAST
mit und ohne KM
avec et sans injection | con y sin contraste | con e senza mdc | com e sem contraste
met en zonder contrast | BRAIN BONE
HEAD 5 CM | WINDOW | Normal head | Kopf 1.5 | CONVOLUTION | TETE | CRANEO 3mm | Nose | WW80 | Sinus | HERSENEN 3MM
"""


def phrases(text: str) -> list[str]:
    return [one.strip() for line in text.strip().splitlines() for one in line.split("|")]


@pytest.mark.parametrize("phrase", phrases(NONE_GIVEN))
def test_a_series_without(phrase: str) -> None:
    assert contrast_in_name(phrase) is False
    assert contrast_in_name(phrase.upper()) is False


@pytest.mark.parametrize("phrase", phrases(GIVEN))
def test_a_series_with(phrase: str) -> None:
    assert contrast_in_name(phrase) is True
    assert contrast_in_name(phrase.upper()) is True


@pytest.mark.parametrize("phrase", phrases(SAYS_NOTHING))
def test_a_series_that_does_not_say(phrase: str) -> None:
    assert contrast_in_name(phrase) is None


NO_AGENT = """
ohne KM | keines | Kein KM | sans | Aucun | sin contraste | Ninguno | senza mdc | nessuno | sem contraste
nenhum | geen
zonder contrast | none | NO IV CONTRAST | N | n/a | w/o | WITHOUT | 0 | -- | KM: nein | nativ
Contrast: none | brak | 无
IV contrast: no | bez kontrastu | NO CONTRAST GIVEN | ORAL | PO CONTRAST | ingen | contraste: no | Non injecté
"""
AN_AGENT = """
Iomeprol 300 | Omnipaque | NON-IONIC | nonionic contrast | Ultravist 370 | mit KM | IV CONTRAST | CONTRAST
KM | oral & iv
Visipaque | Xenetix | Iohexol | Nichtionisch | Imeron 400 | Accupaque | WITH AND WITHOUT
"""


@pytest.mark.parametrize("phrase", phrases(NO_AGENT))
def test_no_agent(phrase: str) -> None:
    assert not is_agent(phrase)


@pytest.mark.parametrize("phrase", phrases(AN_AGENT))
def test_an_agent(phrase: str) -> None:
    assert is_agent(phrase)


def test_the_table_has_the_languages_that_it_should() -> None:
    assert {"English", "German", "French", "Spanish", "Italian", "Portuguese", "Dutch"} <= set(LANGUAGES)
