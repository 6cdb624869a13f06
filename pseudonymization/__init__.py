"""Keys, keyed digests, person links and text redaction.

`keystore` makes and derives keys; `digest` is HMAC in Spark and in Python; `nir` and `person` turn identifiers into
person keys; `links` says which keys are one person; `identities` seals what scrubs notes; `text` scrubs them.
"""
