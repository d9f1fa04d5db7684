-- Addresses, hashes and keys are blobs of their bytes; ids, times (Unix seconds) and block numbers are integers.

-- Which deployment this store belongs to: one row. Another chain, or another operator, is refused.
CREATE TABLE deployment (
    chain_id INTEGER NOT NULL,
    genesis  BLOB    NOT NULL,
    operator BLOB    NOT NULL,
    solver   BLOB    NOT NULL
) STRICT;

-- How far the chain was read: the newest row is the cursor, the older ones are where to go back to in a reorg.
CREATE TABLE checkpoint (
    number INTEGER PRIMARY KEY,
    hash   BLOB NOT NULL
) STRICT;

CREATE TABLE product (
    id             INTEGER PRIMARY KEY,
    producer       BLOB    NOT NULL,
    content_root   BLOB    NOT NULL,
    payload_length INTEGER NOT NULL,
    solver         BLOB    NOT NULL,
    block          INTEGER NOT NULL
) STRICT;

-- A payload belongs to the producer that handed it in: nobody else's product is served with it.
CREATE TABLE asset (
    producer     BLOB NOT NULL,
    content_root BLOB NOT NULL,
    seed         BLOB NOT NULL,
    payload      BLOB NOT NULL,
    PRIMARY KEY (producer, content_root)
) STRICT;

-- What the chain says of a task, and what this solver did about it. `key` and `ciphertext_root` are stored before a byte
-- is served, `receipt` before a delivery is sent.
CREATE TABLE task (
    id              INTEGER PRIMARY KEY,
    product         INTEGER NOT NULL,
    consumer        BLOB    NOT NULL,
    one_time_key    BLOB    NOT NULL,
    deadline        INTEGER NOT NULL,
    block           INTEGER NOT NULL,
    ending          TEXT,
    ending_block    INTEGER,
    key             BLOB,
    ciphertext_root BLOB,
    receipt         BLOB
) STRICT;
CREATE INDEX task_open ON task (product) WHERE ending IS NULL;

-- Transactions from before they were sent until they are final. `until` is when it is too late to send one: the keys in
-- it would be out, and its tasks could be cancelled.
CREATE TABLE outbox (
    nonce INTEGER PRIMARY KEY,
    hash  BLOB    NOT NULL,
    raw   BLOB    NOT NULL,
    what  TEXT    NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE note (
    task   INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    sealed BLOB    NOT NULL,
    PRIMARY KEY (task, kind)
) STRICT;
