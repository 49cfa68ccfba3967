//! What is asked of SQLite, and the shape of the file.

/// The shape of the file that this code reads and writes.
pub(super) const SHAPE: i64 = 2;

/// Values stand last: SQLite reads a row up to the column that is asked for, and a long value fills pages of its own.
pub(super) const SCHEMA: &str = "
    CREATE TABLE records (
        partition TEXT NOT NULL, sort TEXT NOT NULL, version INTEGER NOT NULL, expires INTEGER,
        listing TEXT, entry TEXT, value TEXT NOT NULL, PRIMARY KEY (partition, sort)
    );
    CREATE INDEX listings ON records (listing, partition) WHERE listing IS NOT NULL;
    CREATE INDEX expirations ON records (expires) WHERE expires IS NOT NULL;
";

/// A record; NULL in place of a value of more than ?4 bytes, which is told from its length alone.
pub(super) const GET: &str = "
    SELECT CASE WHEN octet_length(value) <= ?4 THEN value END, version FROM records
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

/// What is listed: records, or their keys alone.
#[derive(Clone, Copy)]
pub(super) enum Listed {
    Records,
    Keys,
}

/// The statement for the records of a partition, in order of sort: from ?2 on, after ?3, and before ?6, where a blob stands
/// behind every text. The plus keeps the planner from beginning at ?3 where ?2 is further on.
pub(super) const fn list_prefix(listed: Listed) -> &'static str {
    match listed {
        Listed::Records => {
            "SELECT partition, sort, value, version FROM records
             WHERE partition = ?1 AND sort >= ?2 AND sort < COALESCE(?6, x'') AND +sort > ?3 AND (expires IS NULL OR expires > ?4)
             ORDER BY sort LIMIT ?5"
        }
        Listed::Keys => {
            "SELECT partition, sort FROM records
             WHERE partition = ?1 AND sort >= ?2 AND sort < COALESCE(?6, x'') AND +sort > ?3 AND (expires IS NULL OR expires > ?4)
             ORDER BY sort LIMIT ?5"
        }
    }
}

/// The statement for the records of a listing, in order of partition. ?3 is what they must be after.
pub(super) const fn list_listing(listed: Listed) -> &'static str {
    match listed {
        Listed::Records => {
            "SELECT partition, sort, entry, -1 FROM records
             WHERE listing = ?1 AND partition > ?3 AND ?2 = '' AND ?6 IS NULL AND (expires IS NULL OR expires > ?4)
             ORDER BY partition LIMIT ?5"
        }
        Listed::Keys => {
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

/// Removes some of what has expired: few enough that a writer is not kept waiting.
pub(super) const SWEEP: &str = "
    DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE expires <= ?1 LIMIT 16)";

/// Moves the log into the file and empties it; the first column tells whether somebody stood in the way.
pub(super) const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
