"""Tables out of FHIR resources: ViewDefinitions and the FHIRPath that they need, as Spark expressions.

Source: https://build.fhir.org/ig/FHIR/sql-on-fhir-v2/ .
"""
