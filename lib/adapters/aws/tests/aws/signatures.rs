//! What whoever is not allowed gets, and what a signed address gives leave to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dzinza_aws::S3Blobs;
use dzinza_contract::{Failed, Outcome};
use dzinza_ports::{Blobs, ByteStream, Clock, StoreError, StoreErrorKind, SystemClock, Upload, UploadUrl};
use futures::StreamExt as _;
use libtest_mimic::Trial;
use reqwest::StatusCode;

use crate::ministack::{Ministack, if_installed, run};
use crate::s3::{self, Embedded, SECRET};

const MINUTE: Duration = Duration::from_mins(1);
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Where a case runs: a server of its own, and the same server's name for buckets and secrets.
struct Place {
    address: String,
    secret: &'static str,
    blobs: Arc<S3Blobs>,
    embedded: Option<Embedded>,
    _ministack: Option<Ministack>,
}

impl Place {
    async fn s3s() -> Result<Self, Failed> {
        let server = Embedded::start().await?;
        let blobs = s3::fresh(&server).await?;
        let address = server.address.clone();
        Ok(Self { address, secret: SECRET, blobs, embedded: Some(server), _ministack: None })
    }

    async fn ministack() -> Result<Self, Failed> {
        let server = Ministack::start()?;
        let address = server.address();
        let blobs = s3::blobs(&address, "test", "files", Arc::new(SystemClock))?;
        blobs.prepare(true).await?;
        Ok(Self { address, secret: "test", blobs, embedded: None, _ministack: Some(server) })
    }
}

pub fn trials() -> Vec<Trial> {
    vec![
        on_s3s("a wrong secret is Unavailable, and no blob that is not there", wrong_secret),
        on_s3s("a signed address is for one key and some time", signed_get),
        on_s3s("a signed upload is for one length, type and content", signed_put),
        on_s3s("of a large put that fails nothing is left", nothing_left),
        on_s3s("a bucket is made or refused by name", buckets),
        on_ministack("a signed address is for one key and some time", signed_get),
        on_ministack("a signed upload is for one length, type and content", signed_put),
        on_ministack("a bucket is made or refused by name", buckets),
    ]
}

fn on_s3s<R: Future<Output = Outcome>>(
    sentence: &str,
    case: impl FnOnce(Place) -> R + Send + 'static,
) -> Trial {
    Trial::test(format!("s3s: {sentence}"), move || run(async { case(Place::s3s().await?).await }))
}

fn on_ministack<R: Future<Output = Outcome>>(
    sentence: &str,
    case: impl FnOnce(Place) -> R + Send + 'static,
) -> Trial {
    let run = move || run(async { case(Place::ministack().await?).await });
    let mut trials = if_installed(vec![Trial::test(format!("ministack: {sentence}"), run)]);
    trials.remove(0)
}

fn bytes(text: &'static str) -> ByteStream {
    futures::stream::iter([Ok(Bytes::from(text))]).boxed()
}

async fn wrong_secret(place: Place) -> Outcome {
    place.blobs.put("a", "text/plain", bytes("abc")).await?;
    let other = s3::blobs(&place.address, "not the secret", "files", Arc::new(SystemClock))?;
    let refused = [
        other.head("a").await.map(drop),
        other.get("a", None).await.map(drop),
        other.put("a", "text/plain", bytes("x")).await.map(drop),
        other.delete("a").await,
    ];
    for refused in refused {
        let error = refused.err().ok_or("a wrong secret is good")?;
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
        assert!(!format!("{error:?}").contains("not the secret"));
    }
    let refused = other.prepare(false).await.err().ok_or("a wrong secret is good")?;
    assert_eq!(refused.kind(), StoreErrorKind::Invalid, "an operator has to mend it");
    Ok(())
}

async fn signed_get(place: Place) -> Outcome {
    place.blobs.put("folder/a.txt", "text/plain", bytes("abc")).await?;
    place.blobs.put("folder/b.txt", "text/plain", bytes("b")).await?;
    let url = place.blobs.get_url("folder/a.txt", MINUTE).await?;
    let answer = reqwest::get(&url).await?;
    assert_eq!(answer.headers().get("content-type").and_then(|text| text.to_str().ok()), Some("text/plain"));
    assert_eq!(answer.text().await?, "abc");
    let other = reqwest::get(url.replace("a.txt", "b.txt")).await?;
    assert_eq!(other.status(), StatusCode::FORBIDDEN);
    let bare = url.split_once('?').ok_or("no signature")?.0;
    assert_eq!(reqwest::get(bare).await?.status(), StatusCode::FORBIDDEN);
    let long_ago = dzinza_contract::ManualClock::new(SystemClock.now() - Duration::from_hours(1));
    let late = s3::blobs(&place.address, place.secret, "files", Arc::new(long_ago))?;
    let late = reqwest::get(late.get_url("folder/a.txt", MINUTE).await?).await?;
    assert_eq!(late.status(), StatusCode::FORBIDDEN);
    Ok(())
}

async fn send(url: &UploadUrl, body: &'static str, content_type: Option<&str>) -> Result<StatusCode, Failed> {
    let mut request = reqwest::Client::new().put(&url.url).body(body);
    for (name, value) in &url.headers {
        let changed = content_type.filter(|_| name == "content-type");
        request = request.header(name, changed.unwrap_or(value));
    }
    Ok(request.send().await?.status())
}

async fn signed_put(place: Place) -> Outcome {
    let blobs = &place.blobs;
    let upload = Upload { content_type: "image/png".to_owned(), size: 3, sha256: ABC.to_owned() };
    let url = blobs.put_url("a", &upload, MINUTE).await?;
    for (body, content_type) in [("abcd", None), ("ab", None), ("abc", Some("text/html")), ("xyz", None)] {
        let status = send(&url, body, content_type).await?;
        assert!(status.is_client_error(), "{body} as {content_type:?}: {status}");
        // s3s-fs refuses another content only after it has stored it.
        if place.embedded.is_none() || body != "xyz" {
            assert!(blobs.head("a").await?.is_none(), "{body} is stored");
        }
    }
    assert_eq!(send(&url, "abc", None).await?, StatusCode::OK);
    let info = blobs.head("a").await?.ok_or("it is not stored")?;
    assert_eq!((info.size, &*info.content_type, &*info.sha256), (3, "image/png", ABC));
    let elsewhere = UploadUrl { url: url.url.replace("/a?", "/b?"), ..url };
    assert_eq!(send(&elsewhere, "abc", None).await?, StatusCode::FORBIDDEN);
    Ok(())
}

async fn nothing_left(place: Place) -> Outcome {
    let server = place.embedded.as_ref().ok_or("no folder to look into")?;
    let megabyte = || Ok(Bytes::from(vec![1; 1 << 20]));
    let error = || Err(StoreError::new(StoreErrorKind::Unavailable, "the sender hung up"));
    let failing = futures::stream::iter((0..20).map(move |_| megabyte()).chain([error()])).boxed();
    assert!(place.blobs.put("a", "text/plain", failing).await.is_err());
    let never = futures::stream::iter((0..20).map(move |_| megabyte())).chain(futures::stream::pending());
    let put = tokio::time::timeout(Duration::from_millis(500), place.blobs.put("a", "", never.boxed()));
    assert!(put.await.is_err(), "a stream without end was stored");
    // What is given up is aborted by a task of its own.
    for _ in 0..100 {
        if server.unfinished()?.is_empty() {
            assert!(place.blobs.head("a").await?.is_none());
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("{:?} is left", server.unfinished()?).into())
}

async fn buckets(place: Place) -> Outcome {
    let other = s3::blobs(&place.address, place.secret, "other", Arc::new(SystemClock))?;
    let refused = other.prepare(false).await.err().ok_or("a bucket that is not there is fine")?;
    assert_eq!(refused.kind(), StoreErrorKind::Invalid);
    assert!(refused.context().contains("the bucket other does not exist"), "{refused}");
    // s3s-fs says of the blob that it is not there.
    if place.embedded.is_none() {
        let error = other.get("a", None).await.err().ok_or("a blob of a bucket that is not there")?;
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
    other.prepare(true).await?;
    other.prepare(true).await?;
    assert!(other.get("a", None).await?.is_none());
    let nobody = s3::blobs("http://127.0.0.1:1", place.secret, "files", Arc::new(SystemClock))?;
    let away = nobody.prepare(false).await.err().ok_or("nobody answers, and it is fine")?;
    assert_eq!(away.kind(), StoreErrorKind::Unavailable);
    Ok(())
}
