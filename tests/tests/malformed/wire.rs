use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::{Case, House};

const ME: &str = "GET /api/auth/me";
const EDIT: &str = "PUT /api/persons/{child}";

#[tokio::test]
async fn a_credential_that_is_none_is_no_credential() {
    let house = House::new().await;
    let access = house.client.access.clone();
    let long = "x".repeat(7000);
    let values: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"Bearer".to_vec(),
        b"Bearer ".to_vec(),
        b"Bearer undefined".to_vec(),
        b"Bearer null".to_vec(),
        b"Bearer \xff\xfe".to_vec(),
        access.clone().into_bytes(),
        format!("Basic {access}").into_bytes(),
        format!("Bearer  x {access}").into_bytes(),
        format!("Bearer {access},{access}").into_bytes(),
        format!("Bearer\t{access}").into_bytes(),
        format!("Bearer \"{access}\"").into_bytes(),
        format!("Bearer {long}").into_bytes(),
        b"Bearer ..".to_vec(),
        b"Bearer eyJhbGciOiJub25lIn0.e30.".to_vec(),
    ];
    for value in &values {
        let headers: &[(&str, &[u8])] = &[("Authorization", value)];
        house
            .check(&[ME, EDIT].map(|target| Case { target, headers, body: b"{}", status: 401, field: "" }))
            .await;
    }
    for cookie in [
        &b"access_token_cookie"[..],
        b"access_token_cookie=",
        b"access_token_cookie=%ff",
        b";;;===",
        b"\xff\xfe",
        b"access_token_cookie=a b",
    ] {
        let headers: &[(&str, &[u8])] = &[("Authorization", b"(none)"), ("Cookie", cookie)];
        house.check(&[Case { target: ME, headers, body: b"", status: 401, field: "" }]).await;
    }
}

#[tokio::test]
async fn a_version_that_is_none_or_old_changes_nothing() {
    let house = House::new().await;
    let body = br#"{"occupation":"Nurse"}"#;
    let long = b"1".repeat(400);
    for (version, status, field) in [
        (&b"garbage"[..], 400, "If-Match"),
        (b"\"x\"", 400, "If-Match"),
        (b"\"\"", 400, "If-Match"),
        (b"-1", 400, "If-Match"),
        (b"1.5", 400, "If-Match"),
        (b"\"1\", \"2\"", 400, "If-Match"),
        (b"\xff\xfe", 400, "If-Match"),
        (&long, 400, "If-Match"),
        (b"\"999\"", 409, ""),
        (b"W/\"999\"", 409, ""),
    ] {
        let headers: &[(&str, &[u8])] = &[("If-Match", version)];
        let targets =
            [EDIT, "PUT /api/genealogy/members/{child}", "PUT /api/family-trees/{tree}/persons/{child}"];
        house.check(&targets.map(|target| Case { target, headers, body, status, field })).await;
    }
}

#[tokio::test]
async fn headers_that_mean_nothing_do_no_harm() {
    let house = House::new().await;
    let long = b"x".repeat(20_000);
    for (name, value) in [
        ("X-Request-ID", &b"a b\t<script>"[..]),
        ("X-Request-ID", b"\xff\xfe"),
        ("X-Correlation-ID", &long),
        ("Accept-Language", b"\xff;q=;;"),
        ("Accept", b"nothing/at-all"),
        ("traceparent", b"00-zz-zz-zz"),
        ("X-Forwarded-For", b"999.999.1.1, \xff"),
        ("X-Forwarded-Proto", b"gopher"),
        ("Forwarded", b"for=\"_;"),
        ("Origin", b"not an origin"),
        ("Origin", b"\xff"),
        ("Referer", &long),
        ("If-None-Match", b"\"\xff"),
        ("Idempotency-Key", &long),
        ("Host", b""),
        ("Host", b"evil.example"),
        ("Host", b"a b c"),
        ("User-Agent", &long),
        ("Content-Length", b"0"),
        ("Expect", b"nothing"),
    ] {
        let case = Case { target: ME, headers: &[(name, value)], body: b"", status: 200, field: "" };
        let answer = house.server.raw(&house.request(&case)).await;
        assert_eq!(
            answer.status,
            200,
            "{name}: {:?}: {}",
            String::from_utf8_lossy(&value[..value.len().min(40)]),
            answer.text()
        );
        let id = answer.header("x-request-id").unwrap();
        assert!(id.len() == 36, "a request id was taken over: {id}");
    }
}

/// What is no HTTP is answered by the HTTP library, which knows nothing of our error body: without a panic, with
/// 4xx or by hanging up.
#[tokio::test]
async fn what_is_no_http_ends_there() {
    let house = House::new().await;
    let many = format!("GET /health HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500));
    let huge = format!("GET /health HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(1_000_000));
    let long = format!("GET /health?{} HTTP/1.1\r\nConnection: close\r\n\r\n", "b".repeat(200_000));
    let messages: Vec<&[u8]> = vec![
        b"\r\n\r\n", b"hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\na\0b: c\r\n\r\n", b"GET / HTTP/1.1\r\na: b\0c\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST /api/auth/login HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /api/auth/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nTransfer-Encoding: x\r\nConnection: close\r\n\r\n{}", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"CONNECT example.org:443 HTTP/1.1\r\nConnection: close\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET http://evil.example/api/auth/me HTTP/1.1\r\nConnection: close\r\n\r\n", many.as_bytes(), huge.as_bytes(), long.as_bytes(),
    ];
    for message in messages {
        let shown = String::from_utf8_lossy(&message[..message.len().min(60)]).into_owned();
        let all = talk(&house, message).await;
        let status = all.get(9..12).and_then(|status| std::str::from_utf8(status).ok()).unwrap_or_default();
        assert!(
            all.is_empty() || status.starts_with('4') || status.starts_with('2'),
            "{shown:?}: {:?}",
            String::from_utf8_lossy(&all)
        );
    }
    house.check(&[]).await;
}

/// Sends bytes and hangs up for writing; answers all that comes back.
async fn talk(house: &House, message: &[u8]) -> Vec<u8> {
    let talking = async {
        let mut stream = TcpStream::connect(house.server.host()).await.unwrap();
        let _ = stream.write_all(message).await;
        let _ = stream.shutdown().await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        all
    };
    tokio::time::timeout(Duration::from_secs(20), talking).await.expect("the connection ends")
}

#[tokio::test]
async fn a_body_that_ends_early_changes_nothing() {
    let house = House::new().await;
    let access = &house.client.access;
    for body in [
        "Content-Length: 500\r\n\r\n{\"firstName\":\"A\"}",
        "Transfer-Encoding: chunked\r\n\r\n11\r\n{\"firstName\":\"A\"}\r\n",
    ] {
        let message = format!(
            "POST /api/genealogy/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {access}\r\n{body}"
        );
        let all = String::from_utf8(talk(&house, message.as_bytes()).await).unwrap();
        assert!(all.is_empty() || all.starts_with("HTTP/1.1 400"), "{all}");
    }
    assert_eq!(house.client.tree().await["members"].as_array().unwrap().len(), 4);
}
