"""Declared schemas of the FHIR R4 resources that the packaged views read: only the parts that a view names.

What is not declared is never parsed: `text`, `contained`, `meta.source`, most of `display` and every attachment
`title` and `url`, which carry names. Source: https://hl7.org/fhir/R4/ .
"""

from __future__ import annotations

from ingestion.errors import ViewError

_CODING = "ARRAY<STRUCT<system: STRING, code: STRING>>"
_CONCEPT = f"STRUCT<coding: {_CODING}>"
_REFERENCE = "STRUCT<reference: STRING>"
_PERIOD = "STRUCT<start: STRING, end: STRING>"
_NAME = "STRUCT<use: STRING, text: STRING, family: STRING, given: ARRAY<STRING>>"
_TELECOM = "ARRAY<STRUCT<system: STRING, value: STRING>>"
_ADDRESS = "STRUCT<text: STRING, line: ARRAY<STRING>, city: STRING, state: STRING, postalCode: STRING, country: STRING>"

_QUANTITY = "STRUCT<value: DOUBLE, comparator: STRING, system: STRING, code: STRING>"
# What comes again within itself is text here: the JSON as it was written, read when a view's repeat goes down to it.
_ITEM = f"""STRUCT<linkId: STRING, definition: STRING, item: STRING, answer: ARRAY<STRUCT<
    valueBoolean: BOOLEAN, valueDecimal: DOUBLE, valueInteger: INT, valueDate: STRING, valueDateTime: STRING,
    valueTime: STRING, valueCoding: STRUCT<system: STRING, code: STRING>, valueQuantity: {_QUANTITY}, item: STRING>>>"""
_CODE = "STRUCT<code: STRING, display: STRING, definition: STRING, concept: STRING>"

SCHEMAS: dict[str, str] = {
    "Patient": f"""
        resourceType STRING, id STRING,
        extension ARRAY<STRUCT<url: STRING, valueString: STRING>>,
        identifier ARRAY<STRUCT<system: STRING, type: {_CONCEPT}, value: STRING>>,
        name ARRAY<{_NAME}>, telecom {_TELECOM}, gender STRING, birthDate STRING,
        deceasedBoolean BOOLEAN, deceasedDateTime STRING, multipleBirthBoolean BOOLEAN, multipleBirthInteger INT,
        address ARRAY<{_ADDRESS}>, contact ARRAY<STRUCT<name: {_NAME}, telecom: {_TELECOM}>>,
        generalPractitioner ARRAY<STRUCT<display: STRING>>
    """,
    "Encounter": f"""
        resourceType STRING, id STRING, status STRING, class STRUCT<system: STRING, code: STRING>,
        type ARRAY<{_CONCEPT}>, subject {_REFERENCE}, period {_PERIOD}, reasonCode ARRAY<{_CONCEPT}>
    """,
    "Condition": f"""
        resourceType STRING, id STRING, clinicalStatus {_CONCEPT}, verificationStatus {_CONCEPT},
        category ARRAY<{_CONCEPT}>, code {_CONCEPT}, subject {_REFERENCE}, encounter {_REFERENCE},
        onsetDateTime STRING, abatementDateTime STRING, recordedDate STRING
    """,
    "MedicationRequest": f"""
        resourceType STRING, id STRING, status STRING, intent STRING, medicationCodeableConcept {_CONCEPT},
        subject {_REFERENCE}, encounter {_REFERENCE}, authoredOn STRING
    """,
    "DocumentReference": f"""
        resourceType STRING, id STRING, status STRING, type {_CONCEPT}, subject {_REFERENCE}, date STRING,
        content ARRAY<STRUCT<attachment: STRUCT<contentType: STRING, language: STRING, data: STRING>>>,
        context STRUCT<encounter: ARRAY<{_REFERENCE}>>
    """,
    "Procedure": f"""
        resourceType STRING, id STRING, status STRING, code {_CONCEPT}, subject {_REFERENCE}, encounter {_REFERENCE},
        performedDateTime STRING, performedPeriod {_PERIOD}, reasonCode ARRAY<{_CONCEPT}>,
        reasonReference ARRAY<{_REFERENCE}>
    """,
    "Observation": f"""
        resourceType STRING, id STRING, status STRING, category ARRAY<{_CONCEPT}>, code {_CONCEPT},
        subject {_REFERENCE}, encounter {_REFERENCE},
        effectiveDateTime STRING, effectiveInstant STRING, effectivePeriod {_PERIOD},
        valueQuantity {_QUANTITY}, valueInteger INT, valueBoolean BOOLEAN, valueCodeableConcept {_CONCEPT},
        dataAbsentReason {_CONCEPT}, interpretation ARRAY<{_CONCEPT}>,
        component ARRAY<STRUCT<
            code: {_CONCEPT}, valueQuantity: {_QUANTITY}, valueInteger: INT, valueBoolean: BOOLEAN,
            valueCodeableConcept: {_CONCEPT}, dataAbsentReason: {_CONCEPT}, interpretation: ARRAY<{_CONCEPT}>
        >>
    """,
    "Immunization": f"""
        resourceType STRING, id STRING, status STRING, statusReason {_CONCEPT}, vaccineCode {_CONCEPT},
        patient {_REFERENCE}, encounter {_REFERENCE}, occurrenceDateTime STRING, primarySource BOOLEAN
    """,
    "AllergyIntolerance": f"""
        resourceType STRING, id STRING, clinicalStatus {_CONCEPT}, verificationStatus {_CONCEPT}, type STRING,
        category ARRAY<STRING>, criticality STRING, code {_CONCEPT}, patient {_REFERENCE}, encounter {_REFERENCE},
        onsetDateTime STRING, recordedDate STRING,
        reaction ARRAY<STRUCT<manifestation: ARRAY<{_CONCEPT}>>>
    """,
    "Practitioner": f"""
        resourceType STRING, id STRING, identifier ARRAY<STRUCT<system: STRING, value: STRING>>, active BOOLEAN,
        gender STRING, qualification ARRAY<STRUCT<code: {_CONCEPT}>>
    """,
    "Organization": f"""
        resourceType STRING, id STRING, identifier ARRAY<STRUCT<system: STRING, value: STRING>>, active BOOLEAN,
        type ARRAY<{_CONCEPT}>, address ARRAY<STRUCT<postalCode: STRING, country: STRING>>, partOf {_REFERENCE}
    """,
    "QuestionnaireResponse": f"""
        resourceType STRING, id STRING, questionnaire STRING, status STRING, subject {_REFERENCE},
        encounter {_REFERENCE}, authored STRING, item ARRAY<{_ITEM}>
    """,
    "CodeSystem": f"""
        resourceType STRING, id STRING, url STRING, version STRING, status STRING, concept ARRAY<{_CODE}>
    """,
}


def schema_of(resource: str) -> str:
    """The declared schema of a resource, as Spark DDL. Raises `ViewError`."""
    try:
        return SCHEMAS[resource]
    except KeyError:
        known = ", ".join(SCHEMAS)
        raise ViewError(f"No schema is declared for the resource {resource!r}; declared: {known}.") from None
