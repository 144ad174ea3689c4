//! What [`Blobs`] promises.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dzinza_ports::{BlobInfo, Blobs, ByteRange, ByteStream, StoreError, StoreErrorKind, Upload};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::support::{crowd, fails, there};
use crate::{Failed, Fresh, Outcome, Suite};

type Port = Arc<dyn Blobs>;

const TEXT: &str = "text/plain; charset=utf-8";

/// What [`Blobs`] promises.
pub fn blobs(suite: &mut Suite<Port>) {
    suite.case("a stored blob reads back equal, with its facts", reads_back);
    suite.case("a blob that is not there is None, and deleting it no error", absent);
    suite.case("a blob can be empty", empty);
    suite.case("a blob put again takes the place of the other", put_again);
    suite.case("a stream that fails leaves the old content, or nothing", failed_streams);
    suite.case("a put that is given up leaves the old content", abandoned_put);
    suite.case("parts of a blob are read by range", ranges);
    suite.case("a range that starts behind the end is Invalid", bad_ranges);
    suite.case("malformed keys are Invalid everywhere", bad_keys);
    suite.case("keys are exact: case, folders of one another, 500 bytes", exact_keys);
    suite.case("a stream of 20 MB survives", large);
    suite.case("of 20 concurrent puts one is there whole", concurrent_puts);
    suite.case(
        "a new blob is stored where there is none, small or large, and is a Conflict otherwise",
        put_new,
    );
    suite.case("of 20 concurrent new blobs one is stored", concurrent_new);
    suite.case("a put of 20 MB that fails or is given up leaves the old content", large_failures);
    suite.case("an address for an upload names a valid key and a real checksum only", upload_addresses);
    suite.case("every key is listed once, as long as its blob is there", listed);
    suite.case("an address names a valid key only", addresses);
}

fn chunks(parts: Vec<&'static [u8]>) -> ByteStream {
    stream::iter(parts).map(|part| Ok(Bytes::from_static(part))).boxed()
}

async fn read(blobs: &dyn Blobs, key: &str, range: Option<ByteRange>) -> Result<(BlobInfo, Vec<u8>), Failed> {
    let read = there(blobs.get(key, range).await?)?;
    let parts: Vec<Bytes> = read.bytes.try_collect().await?;
    Ok((read.info, parts.concat()))
}

async fn reads_back(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let info = blobs.put("folder/a.txt", TEXT, chunks(vec![b"ab", b"", b"c"])).await?;
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
    assert_eq!(info, BlobInfo { size: 3, content_type: TEXT.to_owned(), sha256 });
    assert_eq!(blobs.head("folder/a.txt").await?.as_ref(), Some(&info));
    assert_eq!(read(blobs, "folder/a.txt", None).await?, (info, b"abc".to_vec()));
    Ok(())
}

async fn absent(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    assert!(blobs.get("nothing", None).await?.is_none());
    assert!(blobs.head("nothing").await?.is_none());
    blobs.delete("nothing").await?;
    blobs.put("a", TEXT, chunks(vec![b"x"])).await?;
    blobs.delete("a").await?;
    assert!(blobs.head("a").await?.is_none());
    Ok(())
}

async fn empty(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let info = blobs.put("empty", "", chunks(vec![])).await?;
    assert_eq!((info.size, &*info.content_type), (0, ""));
    assert_eq!(read(blobs, "empty", None).await?, (info, vec![]));
    Ok(())
}

async fn put_again(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    blobs.put("a", TEXT, chunks(vec![b"the first, and longer"])).await?;
    let open = there(blobs.get("a", None).await?)?;
    let info = blobs.put("a", "image/png", chunks(vec![b"second"])).await?;
    assert_eq!(read(blobs, "a", None).await?, (info, b"second".to_vec()));
    let parts: Vec<Bytes> = open.bytes.try_collect().await?;
    assert!(parts.concat() == b"the first, and longer" || parts.concat() == b"second", "a mixture");
    Ok(())
}

async fn failed_streams(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let failing = || {
        let error = || StoreError::new(StoreErrorKind::Unavailable, "the sender hung up");
        stream::iter([Ok(Bytes::from_static(b"half")), Err(error())]).boxed()
    };
    fails(blobs.put("new", TEXT, failing()).await, StoreErrorKind::Unavailable)?;
    assert!(blobs.head("new").await?.is_none());
    blobs.put("old", TEXT, chunks(vec![b"old"])).await?;
    fails(blobs.put("old", TEXT, failing()).await, StoreErrorKind::Unavailable)?;
    assert_eq!(read(blobs, "old", None).await?.1, b"old");
    Ok(())
}

async fn abandoned_put(fresh: Fresh<Port>) -> Outcome {
    let blobs = fresh.port;
    blobs.put("a", TEXT, chunks(vec![b"old"])).await?;
    let never = chunks(vec![b"half"]).chain(stream::pending()).boxed();
    let put = tokio::time::timeout(Duration::from_millis(50), blobs.put("a", TEXT, never));
    assert!(put.await.is_err(), "a stream without end was stored");
    assert_eq!(read(&*blobs, "a", None).await?.1, b"old");
    Ok(())
}

async fn ranges(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let info = blobs.put("a", TEXT, chunks(vec![b"0123456789"])).await?;
    let cases = [
        (0, 0, "0"),
        (0, 9, "0123456789"),
        (3, 5, "345"),
        (9, 9, "9"),
        (8, 100, "89"),
        (4, u64::MAX, "456789"),
    ];
    for (start, end, expected) in cases {
        let (facts, bytes) = read(blobs, "a", Some(ByteRange { start, end })).await?;
        assert_eq!((facts, &*bytes), (info.clone(), expected.as_bytes()), "{start}-{end}");
    }
    Ok(())
}

async fn bad_ranges(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    blobs.put("a", TEXT, chunks(vec![b"0123456789"])).await?;
    for (start, end) in [(10, 10), (10, 20), (u64::MAX, u64::MAX), (5, 4)] {
        let result = blobs.get("a", Some(ByteRange { start, end })).await;
        fails(result.map(|_| ()), StoreErrorKind::Invalid)?;
    }
    Ok(())
}

async fn bad_keys(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let long = "k".repeat(501);
    let keys = [
        "",
        "/",
        "../x",
        "a/../b",
        "a/..",
        ".",
        "./a",
        "/etc/passwd",
        "a//b",
        "a/",
        "a\0",
        "a b",
        "a\\b",
        "é",
        "a%2fb",
        "C:x",
        "a\n",
        &long,
    ];
    for key in keys {
        fails(blobs.put(key, TEXT, chunks(vec![b"x"])).await, StoreErrorKind::Invalid)?;
        fails(blobs.get(key, None).await.map(|_| ()), StoreErrorKind::Invalid)?;
        fails(blobs.put_new(key, TEXT, chunks(vec![b"x"])).await, StoreErrorKind::Invalid)?;
        fails(blobs.head(key).await, StoreErrorKind::Invalid)?;
        fails(blobs.delete(key).await, StoreErrorKind::Invalid)?;
        fails(blobs.get_url(key, Duration::from_mins(1)).await, StoreErrorKind::Invalid)?;
    }
    Ok(())
}

async fn exact_keys(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let (long, deep) = ("k".repeat(500), "d/".repeat(249) + "x");
    let keys = ["a", "A", "a/b", "a/b/c", "a.b", "...", "..a", "a..b/_-.", &long, &deep];
    for key in keys {
        let bytes = Bytes::copy_from_slice(key.as_bytes());
        blobs.put(key, TEXT, stream::iter([Ok(bytes)]).boxed()).await?;
    }
    for key in keys {
        assert_eq!(read(blobs, key, None).await?.1, key.as_bytes());
    }
    blobs.delete("a").await?;
    assert!(blobs.head("a").await?.is_none());
    assert_eq!(read(blobs, "a/b", None).await?.1, b"a/b");
    Ok(())
}

/// 20 MB, of which each 64 KB have another number.
fn large_stream() -> ByteStream {
    stream::iter((0..PARTS).map(|number| Ok(Bytes::from(vec![(number % 251) as u8; PART])))).boxed()
}

const PART: usize = 64 * 1024;
const PARTS: usize = 320;

async fn large(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let bytes = large_stream();
    let info = blobs.put("large", "application/octet-stream", bytes).await?;
    assert_eq!(info.size, (PART * PARTS) as u64);
    assert_eq!(blobs.head("large").await?.as_ref(), Some(&info));
    let tail = ByteRange { start: info.size - 3, end: u64::MAX };
    assert_eq!(read(blobs, "large", Some(tail)).await?, (info, vec![68; 3]));
    let mut stored = there(blobs.get("large", None).await?)?.bytes;
    let mut at = 0;
    while let Some(chunk) = stored.try_next().await? {
        for byte in &chunk {
            assert!(*byte == (at / PART % 251) as u8, "byte {at} differs");
            at += 1;
        }
    }
    assert_eq!(at, PART * PARTS);
    Ok(())
}

async fn concurrent_puts(fresh: Fresh<Port>) -> Outcome {
    let results = crowd(20, |member| {
        let blobs = fresh.port.clone();
        let bytes = stream::iter((0..50).map(move |_| Ok(Bytes::from(vec![member as u8; 1000])))).boxed();
        async move { blobs.put("a", TEXT, bytes).await }
    });
    for result in results.await? {
        result?;
    }
    let (info, bytes) = read(&*fresh.port, "a", None).await?;
    assert_eq!((info.size, bytes.len()), (50_000, 50_000));
    assert!(bytes.iter().all(|byte| *byte == bytes[0]), "a mixture");
    Ok(())
}

async fn put_new(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let info = blobs.put_new("a", TEXT, chunks(vec![b"first"])).await?;
    fails(blobs.put_new("a", TEXT, chunks(vec![b"second"])).await, StoreErrorKind::Conflict)?;
    fails(blobs.put_new("a", TEXT, large_stream()).await, StoreErrorKind::Conflict)?;
    assert_eq!(read(blobs, "a", None).await?, (info, b"first".to_vec()));
    blobs.delete("a").await?;
    let info = blobs.put_new("a", TEXT, large_stream()).await?;
    assert_eq!(blobs.head("a").await?, Some(info));
    let keys: Vec<String> = blobs.list().try_collect().await?;
    assert_eq!(keys, ["a"]);
    Ok(())
}

async fn concurrent_new(fresh: Fresh<Port>) -> Outcome {
    let results = crowd(20, |member| {
        let blobs = fresh.port.clone();
        let bytes = stream::iter([Ok(Bytes::from(vec![member as u8; 1000]))]).boxed();
        async move { blobs.put_new("a", TEXT, bytes).await }
    });
    let mut stored = Vec::new();
    for (member, result) in results.await?.into_iter().enumerate() {
        match result {
            Ok(_) => stored.push(vec![member as u8; 1000]),
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict, "{error}"),
        }
    }
    assert_eq!(stored, [read(&*fresh.port, "a", None).await?.1]);
    Ok(())
}

async fn large_failures(fresh: Fresh<Port>) -> Outcome {
    let blobs = fresh.port;
    blobs.put("a", TEXT, chunks(vec![b"old"])).await?;
    let error = || Err(StoreError::new(StoreErrorKind::Unavailable, "the sender hung up"));
    let failing = large_stream().chain(stream::iter([error()])).boxed();
    fails(blobs.put("a", TEXT, failing).await, StoreErrorKind::Unavailable)?;
    let never = large_stream().chain(stream::pending()).boxed();
    let put = tokio::time::timeout(Duration::from_secs(1), blobs.put("a", TEXT, never));
    assert!(put.await.is_err(), "a stream without end was stored");
    assert_eq!(read(&*blobs, "a", None).await?.1, b"old");
    Ok(())
}

async fn upload_addresses(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let fine = Upload { content_type: TEXT.to_owned(), size: 3, sha256: "0f".repeat(32) };
    let minute = Duration::from_mins(1);
    let url = blobs.put_url("folder/a.txt", &fine, minute).await?;
    assert!(url.url.contains("folder/a.txt"), "{}", url.url);
    assert!(url.headers.iter().any(|(name, value)| name == "content-type" && value == TEXT));
    fails(blobs.put_url("../a", &fine, minute).await, StoreErrorKind::Invalid)?;
    for (content_type, sha256) in [
        (TEXT, String::new()),
        (TEXT, "0F".repeat(32)),
        (TEXT, "zz".repeat(32)),
        (TEXT, "0f".repeat(31)),
        ("a\nb", "0f".repeat(32)),
        ("", "0f".repeat(32)),
    ] {
        let upload = Upload { content_type: content_type.to_owned(), size: 3, sha256 };
        fails(blobs.put_url("a", &upload, minute).await, StoreErrorKind::Invalid)?;
    }
    Ok(())
}

async fn addresses(fresh: Fresh<Port>) -> Outcome {
    let address = fresh.port.get_url("folder/a.txt", Duration::from_mins(5)).await?;
    assert!(address.contains("folder/a.txt"), "{address}");
    Ok(())
}

async fn listed(fresh: Fresh<Port>) -> Outcome {
    let blobs = &*fresh.port;
    let keys = async || {
        let mut keys: Vec<String> = blobs.list().try_collect().await?;
        keys.sort();
        Ok::<_, StoreError>(keys)
    };
    assert!(keys().await?.is_empty());
    for key in ["a", "a.b/c", "A", "photos/x.jpg", "a"] {
        blobs.put(key, TEXT, chunks(vec![b"x"])).await?;
    }
    blobs.delete("A").await?;
    assert_eq!(keys().await?, ["a", "a.b/c", "photos/x.jpg"]);
    Ok(())
}
