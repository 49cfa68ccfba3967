//! Tests of [`SigningKeys`] that every implementation passes.

use super::{MIN_BYTES, SigningKeys};

/// Runs every law over [`SigningKeys`] that can be reached.
///
/// # Panics
/// When the keys break a law.
pub async fn all(keys: &dyn SigningKeys) {
    the_key_that_signs_verifies(keys).await;
    an_unknown_id_is_no_outage(keys).await;
    no_format_shows_a_key(keys).await;
}

async fn the_key_that_signs_verifies(keys: &dyn SigningKeys) {
    let current = keys.current().await.expect("reachable");
    assert!(current.secret().len() >= MIN_BYTES);
    assert_eq!(keys.latest().await.expect("reachable").id(), current.id());
    for id in [None, Some(current.id())] {
        let verifying = keys.verifying(id).await.expect("reachable");
        assert_eq!(verifying.first().expect("at least one").id(), current.id());
    }
}

async fn an_unknown_id_is_no_outage(keys: &dyn SigningKeys) {
    keys.verifying(Some("no-such-key"))
        .await
        .expect("an unknown id is answered with the known keys");
}

async fn no_format_shows_a_key(keys: &dyn SigningKeys) {
    let current = keys.current().await.expect("reachable");
    let bytes = format!("{:?}", current.secret());
    let text = String::from_utf8_lossy(current.secret()).into_owned();
    for shown in [
        format!("{keys} {keys:?}"),
        format!("{current:?} {}", current.id()),
    ] {
        assert!(!shown.contains(&bytes) && !shown.contains(&text), "{shown}");
    }
}
