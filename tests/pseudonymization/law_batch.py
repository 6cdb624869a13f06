"""A batch with event logs on, run apart by `test_law.py`: digests, links, identities, notes, a failed job.

Arguments: home folder (with `landing/people.csv` in it), jars folder.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from hub.paths import Home
from hub.spark import SparkOptions, build_session
from pseudonymization.digest import keyed_digest, with_keys, without_keys
from pseudonymization.identities import IdentityTable, identity_struct
from pseudonymization.keystore import KeyStore, Step, begin_rotation, end_rotation
from pseudonymization.links import empty_links, key_group, learn
from pseudonymization.nir import nir_is_valid
from pseudonymization.person import person_key
from pseudonymization.rekey import rekeyed
from pseudonymization.text.column import scrub_column


def copied_if_there(source: str, target: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def main() -> None:
    home = Home(Path(sys.argv[1])).make()
    KeyStore.create(home.keys)
    step = begin_rotation(home.keys).step
    keys = end_rotation(home.keys)
    options = SparkOptions(
        master="local[2]", driver_memory="1g", shuffle_partitions=2, compiler="quick", event_log=True
    )
    spark = build_session(options, jars=Path(sys.argv[2]), tmp=home.sealed_tmp, logs=home.logs, name="law")
    people = spark.read.option("header", "true").csv(str(home.landing / "people.csv"))
    keyed = with_keys(people, spark, {"person": keys.derive("person"), "record": keys.derive("record")})
    frame = without_keys(
        keyed.withColumn("person_key", person_key("ins", [F.col("nir")], steps=1))
        .withColumn("ipp_key", person_key("ipp", [F.col("ipp")], steps=1))
        .withColumn("stay", keyed_digest("record", F.col("ipp"), steps=1))
        .withColumn("valid", nir_is_valid(F.col("nir")))
    )
    groups = frame.select(key_group([("ins", F.col("person_key")), ("ipp", F.col("ipp_key"))]).alias("keys"))
    learned = learn(empty_links(spark), groups, spark=spark, key=keys.derive("person-id"), generation=1)
    learned.table.write.format("delta").save(str(home.lake / "person_link"))

    identities = IdentityTable(spark, home.identities, keys.derive("identity"))
    said = identity_struct(names=F.array("name"), numbers=F.array("ipp", "nir"))
    identities.upsert(frame.select("person_key", said.alias("identity")))
    notes = frame.select("person_key", "stay", "valid", "note").join(identities.read(), "person_key", "left")
    scrubbed = scrub_column(notes.repartition(2), "note", "identity").drop("identity")
    scrubbed.write.format("delta").save(str(home.lake / "notes"))

    # Digests that were made under an earlier key, brought to the next one; and identities with them.
    earlier = frame.select(F.regexp_replace("person_key", f"^{step.after}", step.before).alias("person_key"))
    rekeyed(earlier, spark, step, ["person_key"]).write.format("delta").save(str(home.lake / "rekeyed"))
    identities.add_rekeyed(Step(step.after, step.before, step.secrets))

    try:
        # What a forced failure leaves: a task that dies in the very stage that digests.
        broken = keyed.withColumn("k", person_key("ins", [F.col("nir")], steps=1))
        without_keys(broken).select(F.assert_true(F.col("k").isNull(), F.lit("forced failure"))).collect()
    except (PySparkException, Py4JJavaError):
        print("forced failure seen")
    # Before Spark removes them at its stop; what it removes meanwhile is gone.
    shutil.copytree(
        home.sealed_tmp, home.root / "tmp-copy", ignore_dangling_symlinks=True, copy_function=copied_if_there
    )
    spark.stop()


if __name__ == "__main__":
    main()
