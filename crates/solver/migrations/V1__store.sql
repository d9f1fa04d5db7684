-- Addresses, hashes and keys are blobs of their bytes; ids, times (Unix seconds) and block numbers are integers.

-- Which deployment this store belongs to: one row. Another chain, operator or solver is refused.
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

CREATE TABLE member (
    account      BLOB    PRIMARY KEY,
    organisation INTEGER NOT NULL,
    block        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is suspended from which block on, or no longer: accounts by their address, organisations by their number. The
-- newest row counts.
CREATE TABLE suspension (
    subject   ANY     NOT NULL,
    block     INTEGER NOT NULL,
    suspended INTEGER NOT NULL,
    PRIMARY KEY (subject, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE product (
    id             INTEGER PRIMARY KEY,
    producer       BLOB    NOT NULL,
    content_root   BLOB    NOT NULL,
    payload_length INTEGER NOT NULL,
    solver         BLOB    NOT NULL,
    block          INTEGER NOT NULL
) STRICT;
CREATE INDEX product_content ON product (content_root);

-- Who delivers a product from which block on; `product.solver` is the newest.
CREATE TABLE assignment (
    product INTEGER NOT NULL,
    block   INTEGER NOT NULL,
    solver  BLOB    NOT NULL,
    PRIMARY KEY (product, block)
) STRICT, WITHOUT ROWID;

-- A payload belongs to the producer that handed it in: nobody else's product is served with it. Its bytes are in the
-- payload store from before its row is here.
CREATE TABLE asset (
    producer     BLOB    NOT NULL,
    content_root BLOB    NOT NULL,
    seed         BLOB    NOT NULL,
    bytes        INTEGER NOT NULL,
    PRIMARY KEY (producer, content_root)
) STRICT, WITHOUT ROWID;

-- Transactions from before they are sent until they are final. `until` is when it is too late to send one: the keys in
-- it would be out, and its tasks could be cancelled; once a node has it, they are out, and it never is. `block` is where
-- it was mined.
CREATE TABLE outbox (
    nonce INTEGER PRIMARY KEY,
    what  TEXT    NOT NULL,
    until INTEGER NOT NULL,
    block INTEGER
) STRICT;

-- What was signed for a nonce, in this order: any of them may be mined.
CREATE TABLE attempt (
    hash  BLOB    PRIMARY KEY,
    nonce INTEGER NOT NULL REFERENCES outbox (nonce) ON DELETE CASCADE,
    raw   BLOB    NOT NULL
) STRICT;
CREATE INDEX attempt_nonce ON attempt (nonce);

-- What the chain says of a task, and what this solver did about it. `key` and `ciphertext_root` are stored before a byte
-- is served, `receipt` before a delivery is sent, `nonce` with the transaction that ends the task. `receipt_block` is set
-- for a receipt on chain, `refusal` (a DeclineReason) where the ticket is to be given back.
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
    receipt         BLOB,
    receipt_block   INTEGER,
    refusal         INTEGER,
    nonce           INTEGER REFERENCES outbox (nonce) ON DELETE SET NULL,
    tries           INTEGER NOT NULL DEFAULT 0,
    pause_until     INTEGER NOT NULL DEFAULT 0
) STRICT;
-- So that a step costs the same however many tasks there are.
CREATE INDEX task_block ON task (block);
CREATE INDEX task_open ON task (product) WHERE ending IS NULL;
CREATE INDEX task_ended ON task (ending_block) WHERE ending IS NOT NULL;
CREATE INDEX task_sent ON task (nonce) WHERE nonce IS NOT NULL;
CREATE INDEX task_declined ON task (product, consumer) WHERE ending = 'declined';
CREATE INDEX task_deliverable ON task (deadline) WHERE ending IS NULL AND nonce IS NULL AND receipt IS NOT NULL;
CREATE INDEX task_refusable ON task (deadline) WHERE ending IS NULL AND nonce IS NULL AND receipt IS NULL AND refusal IS NOT NULL;

CREATE TABLE note (
    task   INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    sealed BLOB    NOT NULL,
    PRIMARY KEY (task, kind)
) STRICT;
