"""Jobs by the clock: the database's ledger of intervals is the truth, any number of runners share it."""
