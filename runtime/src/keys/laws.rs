//! Tests of [`SigningKeys`] that every implementation passes.

use super::{MIN_BYTES, SigningKeys};

/// Runs every law over [`SigningKeys`] that can be reached.
///
/// # Panics
/// When the keys break a law.
pub async fn all(keys: &dyn SigningKeys) {
    the_key_that_signs_verifies(keys).await;
    every_key_is_found_by_its_id(keys).await;
    an_unknown_id_is_no_outage(keys).await;
    no_format_shows_a_key(keys).await;
}

async fn the_key_that_signs_verifies(keys: &dyn SigningKeys) {
    let current = keys.current().await.expect("reachable");
    assert!(current.secret().len() >= MIN_BYTES);
    assert_eq!(
        keys.current_fresh().await.expect("reachable").id(),
        current.id()
    );
    for id in [None, Some(current.id())] {
        let verifying = keys.verification_keys(id).await.expect("reachable");
        assert_eq!(verifying.first().expect("at least one").id(), current.id());
    }
}

async fn every_key_is_found_by_its_id(keys: &dyn SigningKeys) {
    for key in keys.verification_keys(None).await.expect("reachable") {
        let found = keys.verification_keys(Some(key.id())).await;
        let mut found = found.expect("reachable").into_iter();
        assert!(found.any(|one| one.id() == key.id()), "{}", key.id());
    }
}

async fn an_unknown_id_is_no_outage(keys: &dyn SigningKeys) {
    keys.verification_keys(Some("no-such-key"))
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
