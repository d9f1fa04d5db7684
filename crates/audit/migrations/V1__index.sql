-- The raw rows (`block`, `event`) hold all that the chain said; every other table follows from them, and can be made anew
-- from them. Addresses and hashes are blobs of their bytes, wei are blobs of big-endian bytes without leading zeros, times
-- are Unix seconds.
--
-- An event's id is its block's number × 2²⁰ + the index of its log in the block, so that ids are in the chain's order.

-- Which deployment this index is of: one row.
CREATE TABLE deployment (
    chain_id   INTEGER NOT NULL,
    genesis    BLOB    NOT NULL,
    operator   BLOB    NOT NULL,
    undo_after INTEGER NOT NULL, -- blocks after this one can be taken back by `undo`
    events     INTEGER NOT NULL  -- how many there are
) STRICT;

-- How far the chain was read: the newest row is the cursor, the older ones are where to go back to in a reorg.
CREATE TABLE checkpoint (
    number INTEGER PRIMARY KEY,
    hash   BLOB    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

-- What records were before a block changed them, as JSON; null where they were not.
CREATE TABLE undo (
    block  INTEGER NOT NULL,
    what   TEXT    NOT NULL,
    one    INTEGER NOT NULL,
    two    INTEGER NOT NULL,
    record TEXT,
    PRIMARY KEY (block, what, one, two)
) STRICT, WITHOUT ROWID;

-- Blocks that have events.
CREATE TABLE block (
    number INTEGER PRIMARY KEY,
    hash   BLOB    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

CREATE TABLE kind (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;

-- `contract`: 0 Consortium, 1 CTIToken, 2 CTIOperator. `subject`: the task, product or organisation that it is about.
-- `log`: topics (without the signature, where `kind` says it) and data, a run of zero bytes as 00 and its length.
CREATE TABLE event (
    id          INTEGER PRIMARY KEY,
    transaction_hash BLOB    NOT NULL,
    contract    INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    subject     INTEGER,
    topics      INTEGER NOT NULL,
    log         BLOB    NOT NULL
) STRICT;

CREATE TABLE organisation (
    id        INTEGER PRIMARY KEY,
    name      TEXT    NOT NULL,
    suspended INTEGER NOT NULL
) STRICT;

-- Every account that an event names. `organisation` is 0 where it was never enrolled. `membership` is the present one.
CREATE TABLE party (
    id           INTEGER PRIMARY KEY,
    address      BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    organisation INTEGER NOT NULL,
    membership   INTEGER NOT NULL,
    enrolled_at  INTEGER NOT NULL,
    suspended    INTEGER NOT NULL,
    trades       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX party_address ON party (address);

-- An account in a team, from one event on. `team_id` is the first membership in that team, which stands for it.
CREATE TABLE membership (
    id           INTEGER PRIMARY KEY,
    party        INTEGER NOT NULL,
    organisation INTEGER NOT NULL,
    team         TEXT    NOT NULL,
    team_id      INTEGER NOT NULL,
    since        INTEGER NOT NULL
) STRICT;

CREATE TABLE solver (
    id           INTEGER PRIMARY KEY, -- its party
    organisation INTEGER NOT NULL,
    endpoint     TEXT    NOT NULL,
    suspended    INTEGER NOT NULL
) STRICT;

-- `status`: 0 on sale, 1 withdrawn, 2 revised. `previous` and `next` are editions, 0 where there is none. `votes`:
-- organisations that voted, `vote_sum`: the sum of their means in millionths.
CREATE TABLE product (
    id           INTEGER PRIMARY KEY,
    producer     INTEGER NOT NULL,
    membership   INTEGER NOT NULL,
    event        INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    title        TEXT    NOT NULL,
    price        BLOB    NOT NULL,
    reward_bps   INTEGER NOT NULL,
    stock        INTEGER NOT NULL,
    solver       INTEGER NOT NULL,
    actions      INTEGER NOT NULL,
    category     INTEGER NOT NULL,
    level        INTEGER NOT NULL,
    tlp          INTEGER NOT NULL,
    valid_from   INTEGER NOT NULL,
    valid_until  INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    previous     INTEGER NOT NULL,
    next         INTEGER NOT NULL,
    first_used_at INTEGER NOT NULL,
    votes        INTEGER NOT NULL,
    vote_sum     INTEGER NOT NULL
) STRICT;
CREATE INDEX product_producer ON product (producer);
CREATE INDEX product_event ON product (event);

-- Tickets bought at once. `used` of them were delivered within 30 days, `returned` refunded, `left_over` are neither
-- delivered nor refunded. `earlier` is the same consumer's purchase of the same product before, `before` that of the pair.
CREATE TABLE purchase (
    id         INTEGER PRIMARY KEY, -- the event
    product    INTEGER NOT NULL,
    consumer   INTEGER NOT NULL,
    seller     INTEGER NOT NULL,
    buyer      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    quantity   INTEGER NOT NULL,
    price      BLOB    NOT NULL,
    used       INTEGER NOT NULL,
    returned   INTEGER NOT NULL,
    left_over  INTEGER NOT NULL,
    earlier    INTEGER NOT NULL,
    later      INTEGER NOT NULL,
    before     INTEGER NOT NULL,
    class      INTEGER NOT NULL
) STRICT;

CREATE TABLE refund (
    id       INTEGER PRIMARY KEY, -- the event
    product  INTEGER NOT NULL,
    seller   INTEGER NOT NULL,
    buyer    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    price    BLOB    NOT NULL,
    class    INTEGER NOT NULL
) STRICT;

-- Tickets that went from one account to another. `back` is the one before between the same two, the other way.
CREATE TABLE handover (
    sender   INTEGER NOT NULL,
    receiver INTEGER NOT NULL,
    product  INTEGER NOT NULL,
    event    INTEGER NOT NULL,
    PRIMARY KEY (sender, receiver)
) STRICT, WITHOUT ROWID;

-- What an account has of a product: its purchases as a chain from the oldest open to the newest, and how many of the
-- newest had no delivery between them.
CREATE TABLE holding (
    consumer INTEGER NOT NULL,
    product  INTEGER NOT NULL,
    oldest   INTEGER NOT NULL,
    newest   INTEGER NOT NULL,
    run      INTEGER NOT NULL,
    PRIMARY KEY (consumer, product)
) STRICT, WITHOUT ROWID;

-- Who trades with whom. `rule` is what flagged all of it, 0 where nothing did.
CREATE TABLE pair (
    producer      INTEGER NOT NULL,
    consumer      INTEGER NOT NULL,
    trades        INTEGER NOT NULL,
    last_purchase INTEGER NOT NULL,
    last_task     INTEGER NOT NULL,
    rule          INTEGER NOT NULL,
    PRIMARY KEY (producer, consumer)
) STRICT, WITHOUT ROWID;

-- `state` as in ICTIOperator. Each step has its event, its time, and the memberships of both sides then; 0 where it was
-- not taken. `class`: 0 between organisations, 1 within one, 2 flagged.
CREATE TABLE task (
    id                 INTEGER PRIMARY KEY,
    product            INTEGER NOT NULL,
    consumer           INTEGER NOT NULL,
    state              INTEGER NOT NULL,
    class              INTEGER NOT NULL,
    before             INTEGER NOT NULL,
    bought_at          INTEGER NOT NULL,
    deadline           INTEGER NOT NULL,
    requested          INTEGER NOT NULL,
    requested_at       INTEGER NOT NULL,
    requested_seller   INTEGER NOT NULL,
    requested_buyer    INTEGER NOT NULL,
    delivered          INTEGER NOT NULL,
    delivered_at       INTEGER NOT NULL,
    delivered_seller   INTEGER NOT NULL,
    delivered_buyer    INTEGER NOT NULL,
    ended              INTEGER NOT NULL,
    ended_at           INTEGER NOT NULL,
    ended_seller       INTEGER NOT NULL,
    ended_buyer        INTEGER NOT NULL,
    feedback           INTEGER NOT NULL,
    feedback_at        INTEGER NOT NULL,
    feedback_seller    INTEGER NOT NULL,
    feedback_buyer     INTEGER NOT NULL,
    answered           INTEGER NOT NULL,
    answered_at        INTEGER NOT NULL,
    answered_seller    INTEGER NOT NULL,
    answered_buyer     INTEGER NOT NULL,
    reward             BLOB    NOT NULL,
    actions            INTEGER NOT NULL,
    outcome            INTEGER NOT NULL,
    usefulness         INTEGER NOT NULL,
    response           INTEGER NOT NULL
) STRICT;
CREATE INDEX task_product ON task (product);
CREATE INDEX task_consumer ON task (consumer);

-- The first task whose feedback or answer had a note of this hash.
CREATE TABLE note (
    hash  BLOB    PRIMARY KEY,
    task  INTEGER NOT NULL,
    event INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What an organisation thinks of a product: the sum and number of its usefulness.
CREATE TABLE vote (
    product      INTEGER NOT NULL,
    organisation INTEGER NOT NULL,
    total        INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (product, organisation)
) STRICT, WITHOUT ROWID;

-- What needs a look. `event` is where it showed, `evidence` a JSON list of events; task 0 where it is of no single one.
CREATE TABLE finding (
    event    INTEGER NOT NULL,
    rule     INTEGER NOT NULL,
    producer INTEGER NOT NULL,
    consumer INTEGER NOT NULL,
    product  INTEGER NOT NULL,
    task     INTEGER NOT NULL,
    evidence TEXT    NOT NULL,
    PRIMARY KEY (event, rule)
) STRICT, WITHOUT ROWID;

-- Roll-ups. `scope`: 0 all, 1 membership as producer, 2 membership as consumer, 3 product, 4 team as producer, 5 team as
-- consumer; `level`: 0 day, 1 week from Monday, 2 four weeks from a Monday; `slot` counts them from the epoch. `figures`,
-- of each class as in task, is read by the program alone.
CREATE TABLE tally (
    scope   INTEGER NOT NULL,
    level   INTEGER NOT NULL,
    key     INTEGER NOT NULL,
    slot    INTEGER NOT NULL,
    figures BLOB    NOT NULL,
    PRIMARY KEY (scope, level, key, slot)
) STRICT, WITHOUT ROWID;
