//! The SQL statements and the schema of the data file.

/// The version of the schema that this code reads and writes, in `PRAGMA user_version`
/// (<https://sqlite.org/pragma.html#pragma_user_version>).
pub(super) const SHAPE: i64 = 2;

/// The schema. Values come last: SQLite reads a row only up to the column it needs, and a long
/// value fills overflow pages of its own (<https://sqlite.org/fileformat2.html>).
pub(super) const SCHEMA: &str = "
    CREATE TABLE records (
        partition TEXT NOT NULL, sort TEXT NOT NULL, version INTEGER NOT NULL, expires INTEGER,
        listing TEXT, entry TEXT, value TEXT NOT NULL, PRIMARY KEY (partition, sort)
    );
    CREATE INDEX listings ON records (listing, partition) WHERE listing IS NOT NULL;
    CREATE INDEX expirations ON records (expires) WHERE expires IS NOT NULL;
";

/// Reads a number that differs after a commit of any other connection to the file
/// (<https://sqlite.org/pragma.html#pragma_data_version>).
pub(super) const DATA_VERSION: &str = "PRAGMA data_version";

/// Reads a record; NULL in place of a value of more than ?4 bytes, which `octet_length` finds
/// without reading the value.
pub(super) const GET: &str = "
    SELECT CASE WHEN octet_length(value) <= ?4 THEN value END, version, expires FROM records
    WHERE partition = ?1 AND sort = ?2 AND (expires IS NULL OR expires > ?3)";

pub(super) const PUT_ALWAYS: &str = "
    INSERT INTO records (partition, sort, value, version, expires, listing, entry) VALUES (?1, ?2, ?4, ?5, ?6, ?7, ?9)
    ON CONFLICT DO UPDATE SET value = ?4, version = ?5, expires = ?6, listing = ?7, entry = ?9 WHERE ?8 IS NULL";

pub(super) const PUT_ABSENT: &str = "
    INSERT INTO records (partition, sort, value, version, expires, listing, entry) VALUES (?1, ?2, ?4, ?5, ?6, ?7, ?9)
    ON CONFLICT DO UPDATE SET value = ?4, version = ?5, expires = ?6, listing = ?7, entry = ?9
    WHERE records.expires <= ?3 AND ?8 IS NULL";

pub(super) const PUT_VERSION: &str = "
    UPDATE records SET value = ?4, version = ?5, expires = ?6, listing = ?7, entry = ?9
    WHERE partition = ?1 AND sort = ?2 AND (expires IS NULL OR expires > ?3) AND version = ?8";

pub(super) const VERSION: &str = "SELECT version FROM records WHERE partition = ?1 AND sort = ?2 AND (expires IS NULL OR expires > ?3)";

pub(super) const DELETE: &str = "DELETE FROM records WHERE partition = ?1 AND sort = ?2";

pub(super) const DELETE_VERSION: &str = "DELETE FROM records WHERE partition = ?1 AND sort = ?2 AND (expires IS NULL OR expires > ?3) AND version = ?4";

/// The columns that a list reads: whole records, or their keys alone.
#[derive(Clone, Copy)]
pub(super) enum ListedColumns {
    Records,
    Keys,
}

/// Returns the statement for a [`Range::Prefix`](crate::store::Range::Prefix), in order of sort:
/// from ?2 on, behind ?3, and before ?6, where a blob follows every text. The plus keeps the
/// planner from starting at ?3 where ?2 is further on (<https://sqlite.org/optoverview.html>).
pub(super) const fn list_prefix(listed: ListedColumns) -> &'static str {
    match listed {
        ListedColumns::Records => {
            "SELECT partition, sort, value, version FROM records
             WHERE partition = ?1 AND sort >= ?2 AND sort < COALESCE(?6, x'') AND +sort > ?3 AND (expires IS NULL OR expires > ?4)
             ORDER BY sort LIMIT ?5"
        }
        ListedColumns::Keys => {
            "SELECT partition, sort FROM records
             WHERE partition = ?1 AND sort >= ?2 AND sort < COALESCE(?6, x'') AND +sort > ?3 AND (expires IS NULL OR expires > ?4)
             ORDER BY sort LIMIT ?5"
        }
    }
}

/// Lists keys as [`list_prefix`] does, and says of each whether it is live: LIMIT thereby bounds
/// the records that are looked at, and not only those that are shown.
pub(super) const LIST_FEW: &str = "
    SELECT partition, sort, expires IS NULL OR expires > ?4 FROM records
    WHERE partition = ?1 AND sort >= ?2 AND sort < COALESCE(?6, x'') AND +sort > ?3
    ORDER BY sort LIMIT ?5";

/// Returns the statement for a [`Range::Listing`](crate::store::Range::Listing), in order of
/// partition, behind ?3.
pub(super) const fn list_listing(listed: ListedColumns) -> &'static str {
    match listed {
        ListedColumns::Records => {
            "SELECT partition, sort, entry, -1 FROM records
             WHERE listing = ?1 AND partition > ?3 AND ?2 = '' AND ?6 IS NULL AND (expires IS NULL OR expires > ?4)
             ORDER BY partition LIMIT ?5"
        }
        ListedColumns::Keys => {
            "SELECT partition, sort FROM records
             WHERE listing = ?1 AND partition > ?3 AND ?2 = '' AND ?6 IS NULL AND (expires IS NULL OR expires > ?4)
             ORDER BY partition LIMIT ?5"
        }
    }
}

pub(super) const ADD: &str = "
    INSERT INTO records (partition, sort, value, version, expires) VALUES (?1, ?2, CAST(?4 AS TEXT), ?5, ?6)
    ON CONFLICT DO UPDATE SET
        value = CAST(?4 + CASE WHEN records.expires <= ?3 THEN 0 ELSE CAST(records.value AS INTEGER) END AS TEXT),
        expires = CASE WHEN records.expires <= ?3 THEN ?6 ELSE records.expires END, version = ?5
    RETURNING CAST(value AS INTEGER)";

/// Removes some expired records: few enough that a writer is not kept waiting.
pub(super) const SWEEP: &str = "
    DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE expires <= ?1 LIMIT 16)";

/// Copies the log into the file and truncates it; the first column is 1 if a reader or writer
/// blocked that.
pub(super) const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
