"""The deterministic synthetic sample: French claims and one hospital's records of the same people, faults included.

`generate(people, years, seed, out)` writes three drops and `sample.json`; `Manifest.load(out)` reads the account back;
`identifying_strings(landing)` reads the drops back and yields everything in them that must never leave the landing.
"""

from hub.demo.sample.errors import SampleError
from hub.demo.sample.generate import generate
from hub.demo.sample.identities import identifying_strings
from hub.demo.sample.manifest import Expected, Manifest

__all__ = ["Expected", "Manifest", "SampleError", "generate", "identifying_strings"]
