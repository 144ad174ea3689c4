use http::Request;
use serde_json::{Value, json};

use super::*;

fn made(request: Request<&'static [u8]>, route: &RouteTaken) -> Result<Value, InvokeError> {
    let (parts, body) = request.into_parts();
    // 21 April 2020, 15:08:21.
    let now = Timestamp::from_millisecond(1_587_481_701_067).unwrap();
    let bytes = super::http(&parts, &Bytes::from_static(body), route, now)?;
    Ok(serde_json::from_slice(&bytes).unwrap())
}

fn event(request: Request<&'static [u8]>) -> Value {
    made(request, &RouteTaken::default()).unwrap()
}

fn get(target: &str) -> http::request::Builder {
    Request::get(target).header("host", "api.example.org")
}

/// What API Gateway itself once sent, as the types of AWS for Rust have it among their examples, without the parts that
/// only authorizers and client certificates have.
#[test]
fn a_call_arrives_as_it_was_recorded() {
    let request = Request::get("/")
        .header("accept", "*/*")
        .header("host", "aaaaaaaaaa.execute-api.us-west-2.amazonaws.com")
        .header("user-agent", "curl/7.58.0")
        .header("x-amzn-trace-id", "Root=1-5e9f0c65-1de4d666d4dd26aced652b6c")
        .header("x-forwarded-for", "1.2.3.4")
        .header("x-forwarded-proto", "https")
        .header("x-request-id", "LV7fzho-PHcEJPw=");
    let recorded = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "",
        "headers": {
            "accept": "*/*", "content-length": "0", "host": "aaaaaaaaaa.execute-api.us-west-2.amazonaws.com",
            "user-agent": "curl/7.58.0", "x-amzn-trace-id": "Root=1-5e9f0c65-1de4d666d4dd26aced652b6c",
            "x-forwarded-for": "1.2.3.4", "x-forwarded-port": "443", "x-forwarded-proto": "https",
            // Ours is a header too.
            "x-request-id": "LV7fzho-PHcEJPw=",
        },
        "requestContext": {
            "accountId": "000000000000", "apiId": "dzinza",
            "domainName": "aaaaaaaaaa.execute-api.us-west-2.amazonaws.com", "domainPrefix": "aaaaaaaaaa",
            "http": {
                "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "1.2.3.4", "userAgent": "curl/7.58.0",
            },
            "requestId": "LV7fzho-PHcEJPw=", "routeKey": "$default", "stage": "$default",
            "time": "21/Apr/2020:15:08:21 +0000", "timeEpoch": 1_587_481_701_067_i64,
        },
        "isBase64Encoded": false,
    });
    assert_eq!(event(request.body(&[][..]).unwrap()), recorded);
}

/// The documentation's own example.
#[test]
fn parameters_that_come_twice_are_joined_and_cookies_stand_apart() {
    let request = get("/my/path?parameter1=value1&parameter1=value2&parameter2=value")
        .method("POST")
        .header("header1", "value1")
        .header("header1", "value2")
        .header("cookie", "cookie1=value1; cookie2=value2")
        .header("cookie", "cookie3")
        .header("content-type", "text/plain");
    let route = RouteTaken {
        key: "POST /my/{parameter1}".to_owned(),
        parameters: vec![("parameter1".to_owned(), "value1".to_owned())],
    };
    let event = made(request.body(&b"Hello from Lambda"[..]).unwrap(), &route).unwrap();
    assert_eq!(event["rawQueryString"], "parameter1=value1&parameter1=value2&parameter2=value");
    assert_eq!(
        event["queryStringParameters"],
        json!({ "parameter1": "value1,value2", "parameter2": "value" })
    );
    assert_eq!(event["pathParameters"], json!({ "parameter1": "value1" }));
    assert_eq!(
        (&event["routeKey"], &event["requestContext"]["routeKey"]),
        (&json!(route.key), &json!(route.key))
    );
    assert_eq!(event["cookies"], json!(["cookie1=value1", "cookie2=value2", "cookie3"]));
    assert_eq!(event["headers"]["header1"], "value1,value2");
    assert!(event["headers"].get("cookie").is_none());
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("Hello from Lambda"), &json!(false)));
    assert_eq!(event["headers"]["content-length"], "17");
}

#[test]
fn the_path_is_decoded_and_the_query_is_not() {
    let event = event(get("/api/persons/Mhizha%20%C5%BD%ff?q=a%20b%26c&q=%2B").body(&[][..]).unwrap());
    assert_eq!(event["rawPath"], "/api/persons/Mhizha Ž\u{fffd}");
    assert_eq!(event["requestContext"]["http"]["path"], event["rawPath"]);
    assert_eq!(event["rawQueryString"], "q=a%20b%26c&q=%2B");
    assert_eq!(event["queryStringParameters"], json!({ "q": "a b&c,+" }));
}

#[test]
fn a_body_is_text_only_if_it_says_so_and_is() {
    for (kind, body, sent, encoded) in [
        (
            "application/json; charset=utf-8",
            "{\"n\":\"Žofie\"}".as_bytes(),
            json!("{\"n\":\"Žofie\"}"),
            false,
        ),
        ("Text/Plain", b"a", json!("a"), false),
        ("application/json", b"\xff\x00", json!("/wA="), true),
        ("multipart/form-data; boundary=x", b"--x", json!("LS14"), true),
        ("application/octet-stream", b"a", json!("YQ=="), true),
        ("", b"a", json!("YQ=="), true),
        ("application/json", b"", Value::Null, false),
    ] {
        let request = get("/").method("POST").header("content-type", kind).body(body).unwrap();
        let event = event(request);
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&sent, &json!(encoded)),
            "{kind}: {}",
            String::from_utf8_lossy(body)
        );
        assert_eq!(event.get("body").is_some(), !body.is_empty());
    }
    let packed = get("/").header("content-type", "text/plain").header("content-encoding", "gzip");
    assert_eq!(event(packed.body(&b"a"[..]).unwrap())["isBase64Encoded"], true);
}

#[test]
fn nothing_that_a_caller_says_makes_an_event_that_no_function_can_read() {
    for host in ["", "a b", "x:99999", "1.2.3.999", "user@host", "h/path", "[::1", "xn--", "\u{e9}"] {
        let request = Request::get("/").header("host", host.as_bytes()).header("x-odd", &b"\xff\xfe"[..]);
        let event = event(request.body(&[][..]).unwrap());
        assert_eq!(event["headers"]["host"], "localhost", "{host}");
        assert_eq!(event["headers"]["x-odd"], "\u{fffd}\u{fffd}");
    }
    for host in ["127.0.0.1:3001", "[::1]:3001", "api.example.org", "my_host"] {
        let event = event(Request::get("/").header("host", host).body(&[][..]).unwrap());
        assert_eq!(event["requestContext"]["domainName"], host);
    }
}

#[test]
fn what_is_larger_than_lambda_takes_is_refused() {
    let bytes: &'static [u8] = vec![b'x'; LARGEST / 4 * 3].leak();
    let send = |kind: &str| {
        let request = get("/").method("POST").header("content-type", kind).body(bytes).unwrap();
        made(request, &RouteTaken::default()).map(drop)
    };
    assert_eq!(send("text/plain"), Ok(()));
    // In base64 it is as large as Lambda takes, without the rest of the event.
    assert_eq!(send("image/png"), Err(InvokeError::TooLarge));
}
