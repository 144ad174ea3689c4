//! Signed addresses of the folder of blobs, and what it does with rubbish.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dzinza_contract::ManualClock;
use dzinza_ports::{Blobs as _, Clock as _, StoreErrorKind};
use dzinza_sqlite::FileBlobs;
use futures::StreamExt as _;
use futures::stream;

fn open(folder: &tempfile::TempDir, key: &str) -> (Arc<FileBlobs>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let blobs = FileBlobs::open(folder.path(), key.as_bytes(), "/blobs", clock.clone());
    (blobs.unwrap_or_else(|error| unreachable!("{error}")), clock)
}

/// The expiry and the signature of an address.
fn parts(address: &str) -> Option<(i64, String)> {
    let (expires, signature) = address.split_once("?expires=")?.1.split_once("&signature=")?;
    Some((expires.parse().ok()?, signature.to_owned()))
}

#[tokio::test]
async fn an_address_holds_for_its_key_and_its_time_only() {
    let folder = tempfile::tempdir().unwrap();
    let (blobs, clock) = open(&folder, "key");
    let lifetime = Duration::from_mins(10);
    let address = blobs.get_url("a/b.png", lifetime).await.unwrap();
    assert!(address.starts_with("/blobs/a/b.png?expires="), "{address}");
    let (expires, signature) = parts(&address).unwrap();
    assert!(expires >= clock.now().as_second() + 600 && expires % 300 == 0, "{expires}");
    assert!(blobs.urls().may_read("a/b.png", expires, &signature));
    assert!(!blobs.urls().may_read("a/c.png", expires, &signature));
    assert!(!blobs.urls().may_read("a/b.png", expires + 300, &signature));
    assert!(!blobs.urls().may_read("a/b.png", expires, &signature[1..]));
    assert!(!blobs.urls().may_read("a/b.png", expires, ""));
    assert!(!blobs.urls().may_read("a/b.png", expires, "not base64 ***"));
    assert!(!open(&folder, "other key").0.urls().may_read("a/b.png", expires, &signature));
    clock.advance(lifetime);
    assert!(blobs.urls().may_read("a/b.png", expires, &signature));
    clock.advance(Duration::from_mins(5));
    assert!(!blobs.urls().may_read("a/b.png", expires, &signature));
}

#[tokio::test]
async fn addresses_made_soon_after_one_another_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (blobs, clock) = open(&folder, "key");
    let first = blobs.get_url("a", Duration::from_mins(10)).await.unwrap();
    clock.advance(Duration::from_mins(1));
    assert_eq!(blobs.get_url("a", Duration::from_mins(10)).await.unwrap(), first);
}

#[tokio::test]
async fn a_blob_survives_the_folder_being_opened_again_and_a_damaged_one_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = stream::iter([Ok(Bytes::from_static(b"kept"))]).boxed();
    open(&folder, "key").0.put("a", "text/plain", bytes).await.unwrap();
    let (blobs, _) = open(&folder, "key");
    assert_eq!(blobs.head("a").await.unwrap().unwrap().size, 4);
    let shelves = std::fs::read_dir(folder.path()).unwrap().map(|shelf| shelf.unwrap().path());
    let shelf = shelves.into_iter().find(|shelf| !shelf.ends_with("unfinished")).unwrap();
    let file = std::fs::read_dir(shelf).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    for length in [0, 3, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        assert_eq!(blobs.head("a").await.unwrap_err().kind(), StoreErrorKind::Corrupt, "cut to {length}");
    }
}

#[tokio::test]
async fn what_was_left_unfinished_long_ago_is_removed_when_the_folder_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder, "key"));
    let left = folder.path().join("unfinished/left");
    std::fs::write(&left, "half").unwrap();
    let clock =
        Arc::new(ManualClock::new(std::fs::metadata(&left).unwrap().modified().unwrap().try_into().unwrap()));
    let reopen = || FileBlobs::open(folder.path(), b"key", "/blobs", clock.clone()).map(drop);
    reopen().unwrap();
    assert!(left.exists(), "another process may be writing it");
    clock.advance(Duration::from_hours(25));
    reopen().unwrap();
    assert!(!left.exists());
}
