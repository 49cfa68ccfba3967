//! The laws of a store over a real file, and what becomes of the file when it is locked, full, foreign or left behind.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use futures_util::future::join_all;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::reader::SMALL;
use super::statements::SHAPE;
use super::*;
use crate::clock::SystemClock;
use crate::error::ErrorKind;
use crate::store::laws;

fn open(folder: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open(
        &folder.path().join("data/store.sqlite3"),
        Arc::new(SystemClock),
    )
    .expect("opens")
}

/// Opens the store with a clock that the test moves.
fn open_with_manual_clock(folder: &tempfile::TempDir) -> (SqliteStore, Arc<laws::ManualClock>) {
    let clock = Arc::new(laws::ManualClock::default());
    let shared: Arc<dyn Clock> = Arc::<laws::ManualClock>::clone(&clock);
    let file = folder.path().join("data/store.sqlite3");
    (SqliteStore::open(&file, shared).expect("opens"), clock)
}

/// Waits until no file of the store holds the canary.
async fn wait_until_erased(folder: &tempfile::TempDir) {
    let erased = async {
        while !holding(folder, CANARY).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), erased)
        .await
        .expect("erased in time");
}

#[tokio::test]
async fn keeps_the_laws() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(laws::ManualClock::default());
    let shared: Arc<dyn Clock> = Arc::<laws::ManualClock>::clone(&clock);
    let store = SqliteStore::open(&folder.path().join("store.sqlite3"), shared).expect("opens");
    laws::all(Arc::new(store), &clock).await;
}

#[test]
fn the_file_and_its_folder_are_the_owners_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(&folder));
    let mode = |path: PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(folder.path().join("data")), 0o700);
    assert_eq!(mode(folder.path().join("data/store.sqlite3")), 0o600);
}

#[tokio::test]
async fn two_openings_of_one_file_see_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (open(&folder), open(&folder));
    let key = Key::new("p", "s");
    one.put(&key, Put::new("1".into(), When::Absent))
        .await
        .expect("writable");
    let error = other
        .put(&key, Put::new("2".into(), When::Absent))
        .await
        .expect_err("taken");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(
        other
            .get(&key)
            .await
            .expect("readable")
            .expect("there")
            .value,
        "1"
    );
}

#[tokio::test]
async fn a_full_disk_is_an_outage_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    store
        .put(&Key::new("p", "kept"), Put::new("1".into(), When::Always))
        .await
        .expect("writable");
    let limited = store.writer.run(|connection, _| {
        connection
            .pragma_update(None, "max_page_count", 8)
            .map_err(explain)
    });
    limited.await.expect("a limit");
    let error = store
        .put(
            &Key::new("p", "big"),
            Put::new("1".repeat(100_000), When::Always),
        )
        .await
        .expect_err("full");
    assert_eq!(
        (error.kind(), error.message()),
        (
            ErrorKind::Unavailable,
            "the data folder's disk is full; nothing was written"
        )
    );
    assert!(
        store
            .get(&Key::new("p", "kept"))
            .await
            .expect("readable")
            .is_some()
    );
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let newer = |connection: &Connection| {
        connection
            .pragma_update(None, "user_version", SHAPE + 1)
            .map_err(explain)
    };
    store.write(newer).await.expect("set");
    assert_eq!(
        store.check().await.expect_err("newer").kind(),
        ErrorKind::Unavailable
    );
    let error = SqliteStore::open(
        &folder.path().join("data/store.sqlite3"),
        Arc::new(SystemClock),
    )
    .expect_err("newer");
    assert!(
        error.message().contains("another version") && !error.message().contains("store.sqlite3"),
        "{error}"
    );
    assert!(error.chain().contains("data/store.sqlite3"), "{error:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let error = SqliteStore::open(
        Path::new("/dev/null/data/store.sqlite3"),
        Arc::new(SystemClock),
    )
    .expect_err("no folder");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("/dev/null/data"), "{error}");
}
/// A writer of another process, amid its write.
fn locked(folder: &tempfile::TempDir) -> Connection {
    let other = Connection::open(folder.path().join("data/store.sqlite3")).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    other
}

fn always(value: &str) -> Put {
    Put::new(value.to_owned(), When::Always)
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let other = locked(&folder);
    let keys: Vec<_> = (0..12)
        .map(|number| Key::new("p", format!("left{number}")))
        .collect();
    let mut writes: Vec<_> = keys.iter().map(|key| store.put(key, always("1"))).collect();
    for write in &mut writes {
        assert!(
            write.now_or_never().is_none(),
            "it waits for the other process"
        );
    }
    drop(writes);
    other.execute_batch("COMMIT").expect("unlocked");
    store
        .put(&Key::new("p", "kept"), always("1"))
        .await
        .expect("its turn comes after all who left");
    for key in keys {
        assert_eq!(store.get(&key).await.expect("readable"), None);
    }
}

#[tokio::test]
async fn what_was_told_to_be_busy_is_not_written_and_all_are_told_at_the_same_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let other = locked(&folder);
    let keys: Vec<_> = (0..12)
        .map(|number| Key::new("p", format!("told{number}")))
        .collect();
    let told = join_all(keys.iter().map(|key| store.put(key, always("1")))).await;
    assert!(
        told.iter().all(|told| told
            .as_ref()
            .is_err_and(|error| error.message().contains("busy"))),
        "{told:?}"
    );
    other.execute_batch("COMMIT").expect("unlocked");
    store
        .put(&Key::new("p", "kept"), always("1"))
        .await
        .expect("it is free again");
    for key in keys {
        assert_eq!(store.get(&key).await.expect("readable"), None);
    }
}

#[tokio::test]
async fn while_another_process_writes_reads_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let key = Key::new("p", "s");
    store.put(&key, always("1")).await.expect("writable");
    let _other = locked(&folder);
    let mut waits = store.put(&key, always("2"));
    assert!((&mut waits).now_or_never().is_none());
    assert_eq!(
        store
            .get(&key)
            .await
            .expect("readable")
            .expect("there")
            .value,
        "1"
    );
    assert_eq!(
        store
            .list(&Range::Prefix(Key::new("p", "")), None, 9)
            .await
            .expect("listable")
            .records
            .len(),
        1
    );
}

/// What takes its time is not read by the thread that asks, which others wait for.
#[tokio::test]
async fn only_short_records_are_read_in_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let (short, long) = (Key::new("p", "short"), Key::new("p", "long"));
    store
        .put(&short, always(&"1".repeat(SMALL)))
        .await
        .expect("writable");
    store
        .put(&long, always(&"1".repeat(SMALL + 1)))
        .await
        .expect("writable");
    let turns = u32::try_from(LISTS).expect("few");
    let busy = Arc::clone(&store.long.turns)
        .acquire_many_owned(turns)
        .await
        .expect("open");
    let found = store
        .get(&short)
        .now_or_never()
        .expect("at once")
        .expect("readable");
    assert_eq!(found.expect("there").value.len(), SMALL);
    let (mut waits, range) = (store.get(&long), Range::Prefix(Key::new("p", "")));
    assert!(
        (&mut waits).now_or_never().is_none(),
        "on another thread, when its turn comes"
    );
    assert!(
        store.list(&range, None, 9).now_or_never().is_none(),
        "on another thread, when its turn comes"
    );
    let keys = store.list_keys(&range, None, 9).now_or_never();
    assert_eq!(keys.expect("at once").expect("listable").keys.len(), 2);
    drop(busy);
    assert_eq!(
        waits.await.expect("readable").expect("there").value.len(),
        SMALL + 1
    );
}

/// Fills a partition, then lists its keys while all threads for long lists are busy, and another
/// process keeps expired records from being removed.
async fn list_in_place(expires: Option<u64>, limit: usize) -> Option<KeyPage> {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, clock) = open_with_manual_clock(&folder);
    let expires = expires.map(|seconds| clock.now() + seconds);
    for number in 0..FEW {
        let key = Key::new("p", format!("{number:03}"));
        let put = Put {
            expires,
            ..always("1")
        };
        store.put(&key, put).await.expect("writable");
    }
    let _other = locked(&folder);
    clock.advance(10);
    let turns = u32::try_from(LISTS).expect("few");
    let _busy = store.long.turns.acquire_many(turns).await.expect("open");
    let range = Range::Prefix(Key::new("p", ""));
    let listed = store.list_keys(&range, None, limit).now_or_never();
    listed.map(|page| page.expect("listable"))
}

/// Keys are short, but a list over many of them, or over many expired records, takes its time.
#[tokio::test]
async fn only_short_lists_of_keys_are_read_in_place() {
    assert_eq!(list_in_place(None, FEW).await, None, "there may be more");
    assert_eq!(list_in_place(Some(10), 9).await, None, "all have expired");
    let page = list_in_place(None, FEW - 1).await.expect("at once");
    assert_eq!((page.keys.len(), page.next.is_some()), (FEW - 1, true));
}

/// The files of a store that hold this text.
fn holding(folder: &tempfile::TempDir, text: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder.path().join("data"))
        .expect("there")
        .map(|entry| entry.expect("readable").path());
    let holds = |path: &PathBuf| {
        fs::read(path).is_ok_and(|bytes| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        })
    };
    files
        .filter(holds)
        .map(|path| {
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

const CANARY: &str = "canary-in-a-coal-mine";

async fn kept_canaries(store: &SqliteStore, expires: Option<u64>) -> Vec<Key> {
    let keys: Vec<_> = (0..40)
        .map(|number| Key::new("p", format!("{CANARY}{number}")))
        .collect();
    for (number, key) in keys.iter().enumerate() {
        // On pages that they share, and on pages of their own.
        let value = format!("{CANARY}{}", "x".repeat(number * 500));
        store
            .put(
                key,
                Put {
                    expires,
                    ..always(&value)
                },
            )
            .await
            .expect("writable");
    }
    keys
}

#[tokio::test]
async fn what_was_deleted_is_in_neither_file_while_it_is_open_and_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    for key in kept_canaries(&store, None).await {
        store.delete(&key, When::Always).await.expect("deletable");
    }
    assert!(
        !holding(&folder, CANARY).is_empty(),
        "the log still holds it"
    );
    store.scrub().await.expect("erased");
    assert_eq!(holding(&folder, CANARY), BTreeSet::new());
    drop(store);
    assert_eq!(holding(&folder, CANARY), BTreeSet::new());
}

#[tokio::test]
async fn what_has_expired_is_removed_and_in_neither_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, clock) = open_with_manual_clock(&folder);
    kept_canaries(&store, Some(clock.now() + 10)).await;
    store
        .put(&Key::new("p", "kept"), always("1"))
        .await
        .expect("writable");
    clock.advance(10);
    store.scrub().await.expect("erased");
    assert_eq!(holding(&folder, CANARY), BTreeSet::new());
    assert!(
        store
            .get(&Key::new("p", "kept"))
            .await
            .expect("readable")
            .is_some()
    );
}

/// Nobody asks for it either: the thread that empties the log removes what has expired first.
#[tokio::test]
async fn what_has_expired_is_erased_without_being_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, clock) = open_with_manual_clock(&folder);
    kept_canaries(&store, Some(clock.now() + 10)).await;
    clock.advance(10);
    let key = Key::new("p", "kept");
    store.put(&key, always("1")).await.expect("writable");
    wait_until_erased(&folder).await;
    assert!(store.get(&key).await.expect("readable").is_some());
}

/// Nobody asks for it: a thread of the store's own does it a moment after the write.
#[tokio::test]
async fn what_was_deleted_is_erased_without_being_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    for key in kept_canaries(&store, None).await {
        store.delete(&key, When::Always).await.expect("deletable");
    }
    wait_until_erased(&folder).await;
}

#[tokio::test]
async fn while_an_older_state_is_read_what_was_deleted_is_not_said_to_be_erased() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let keys = kept_canaries(&store, None).await;
    let reader = Connection::open(folder.path().join("data/store.sqlite3")).expect("opens");
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM records")
        .expect("it reads");
    store
        .delete(&keys[0], When::Always)
        .await
        .expect("deletable");
    assert_eq!(
        store.scrub().await.expect_err("it is still there").kind(),
        ErrorKind::Unavailable
    );
    reader.execute_batch("COMMIT").expect("it is done");
    store.scrub().await.expect("erased");
}

#[test]
fn what_others_may_open_is_refused_with_what_mends_it() {
    for (file, mode, mends) in [
        ("data/store.sqlite3", 0o644, "chmod 600"),
        ("data/store.sqlite3-wal", 0o660, "chmod 600"),
        ("data/store.sqlite3-shm", 0o606, "chmod 600"),
        ("data", 0o777, "chmod go-w"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let _store = open(&folder);
        let path = folder.path().join(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("opened up");
        let error = SqliteStore::open(
            &folder.path().join("data/store.sqlite3"),
            Arc::new(SystemClock),
        )
        .expect_err(file);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(
            error.message().contains(mends) && error.message().contains(&*path.to_string_lossy()),
            "{error}"
        );
    }
}

#[test]
fn a_store_is_not_made_where_a_link_points() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, target) = (folder.path().join("data"), folder.path().join("target"));
    fs::create_dir(&data).expect("made");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("closed");
    std::os::unix::fs::symlink(&target, data.join("store.sqlite3")).expect("linked");
    let error =
        SqliteStore::open(&data.join("store.sqlite3"), Arc::new(SystemClock)).expect_err("a link");
    assert!(
        error.message().contains("is a link") && !target.exists(),
        "{error}"
    );
    // A folder may be reached by one.
    let linked = folder.path().join("linked");
    fs::create_dir(folder.path().join("real")).expect("made");
    fs::set_permissions(
        folder.path().join("real"),
        fs::Permissions::from_mode(0o700),
    )
    .expect("closed");
    std::os::unix::fs::symlink(folder.path().join("real"), &linked).expect("linked");
    SqliteStore::open(&linked.join("store.sqlite3"), Arc::new(SystemClock)).expect("opens");
}
