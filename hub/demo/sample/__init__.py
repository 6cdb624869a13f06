"""The deterministic synthetic sample: French claims and one hospital's records of the same people, faults included.

```python
manifest = generate(people=2_000, years=(2023, 2024), seed=1, out=Path("landing"), progress=print)
manifest.expected["ER_PRS_F"]          # rows_read, accepted, quarantined {reason: number}, duplicates
Manifest.load(Path("landing"))         # the same account, from landing/sample.json
for kind, value in identifying_strings(Path("landing")):
    ...                                # everything in the drops that must never leave the landing
```

What appears under `out`, for the years 2023-2024:

| drop | files |
|---|---|
| `snds/2023-2024/` | `IR_BEN_R`, `ER_PRS_F`, `ER_PHA_F`, `ER_CAM_F`, `KI_CCI_R`, `T_MCO23A` to `T_MCO24D` (`.csv`) |
| `chu/2023-2024/` | `Patient`, `Encounter`, `Condition`, `MedicationRequest`, `DocumentReference` (`.000.ndjson`) |
| `correspondence/2023-2024/` | `CORRESPONDANCE.csv` (INS, BEN_NIR_PSA, BEN_RNG_GEM) for 80 % of the patients |

Each drop has a `manifest.json` (bytes and SHA-256 of its files) and appears whole. Take 200 people or more where every
table must have rows. Diabetes is read from antidiabetics (`drugs.cip13_of("A10")`), from EXO_MTF 42 with them, and from
E11 in stays: the register of long-term diseases (`IR_IMB_R`) is not part of the sample.
"""

from hub.demo.sample.errors import SampleError
from hub.demo.sample.generate import generate
from hub.demo.sample.identities import identifying_strings
from hub.demo.sample.manifest import Expected, Manifest

__all__ = ["Expected", "Manifest", "SampleError", "generate", "identifying_strings"]
