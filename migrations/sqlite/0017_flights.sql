-- Flights shared by several gateways are a matter of Postgres: a file has one gateway. The table keeps the numbers the same.
CREATE TABLE flights (
    key        TEXT    PRIMARY KEY NOT NULL,
    gateway_id TEXT    NOT NULL,
    until_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
