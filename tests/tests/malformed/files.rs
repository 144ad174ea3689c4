use dzinza_wiring::Stores;
use futures::StreamExt as _;
use std::time::Duration;

use crate::house::{Case, House};

/// A file of ten bytes, and the signed address of it.
async fn kept(house: &House) -> String {
    let stores = Stores::open(house.server.data()).unwrap();
    let bytes = futures::stream::iter([Ok(bytes::Bytes::from_static(b"0123456789"))]).boxed();
    stores.blobs.put("test/ten.txt", "text/plain", bytes).await.unwrap();
    stores.blobs.get_url("test/ten.txt", Duration::from_mins(1)).await.unwrap()
}

#[tokio::test]
async fn a_range_that_is_no_range_means_the_whole_file() {
    let house = House::new().await;
    let target = format!("GET {}", kept(&house).await);
    for (range, status, body) in [
        (&b"bytes=2-4"[..], 206, "234"),
        (b"bytes=7-", 206, "789"),
        (b"bytes=-2", 206, "89"),
        (b"bytes=5-99999", 206, "56789"),
        (b"bytes=-99", 206, "0123456789"),
        (b"bytes=0-18446744073709551615", 206, "0123456789"),
        (b"bytes=5-2", 200, "0123456789"),
        (b"bytes=x-y", 200, "0123456789"),
        (b"bytes=", 200, "0123456789"),
        (b"bytes", 200, "0123456789"),
        (b"lines=1-2", 200, "0123456789"),
        (b"bytes=0-1,3-4", 200, "0123456789"),
        (b"bytes=99999999999999999999-", 200, "0123456789"),
        (b"\xff\xfe", 200, "0123456789"),
        (b"bytes=--5", 200, "0123456789"),
        (b"", 200, "0123456789"),
    ] {
        let headers: &[(&str, &[u8])] = &[("Range", range)];
        let answer = house
            .server
            .raw(&house.request(&Case { target: &target, headers, body: b"", status, field: "" }))
            .await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, body),
            "{:?}",
            String::from_utf8_lossy(range)
        );
        assert_eq!(answer.header("content-length"), Some(body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn a_range_beyond_the_file_and_a_signature_that_is_none_are_refused() {
    let house = House::new().await;
    let good = kept(&house).await;
    let target = format!("GET {good}");
    for range in [&b"bytes=10-"[..], b"bytes=10-20", b"bytes=-0", b"bytes=18446744073709551615-"] {
        house
            .check(&[Case {
                target: &target,
                headers: &[("Range", range)],
                body: b"",
                status: 416,
                field: "",
            }])
            .await;
    }
    let (path, query) = good.split_once('?').unwrap();
    let last = if good.ends_with('A') { 'B' } else { 'A' };
    let forged = format!("{}{last}", &good[..good.len() - 1]);
    let addresses = [
        path.to_owned(),
        format!("{path}?"),
        format!("{path}?{query}x"),
        format!("{path}?{}", query.replace("expires=", "expires=1")),
        format!("{path}?{}", query.replace("expires=", "expires=x")),
        format!("/blobs/test/other.txt?{query}"),
        format!("/blobs/test/../test/ten.txt?{query}"),
        format!("{path}/?{query}"),
        format!("{path}%00?{query}"),
        format!("/blobs/test%2Ften.txt%20?{query}"),
        forged,
    ];
    for address in addresses {
        let target = format!("GET {address}");
        house.check(&[Case { target: &target, headers: &[], body: b"", status: 404, field: "" }]).await;
    }
    house
        .check(&[Case { target: &format!("DELETE {good}"), headers: &[], body: b"", status: 405, field: "" }])
        .await;
}
