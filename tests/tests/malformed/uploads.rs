use crate::house::{Case, House};

const UPLOAD: &str = "POST /api/family-trees/{tree}/import/gedcom";
const FORM: &[(&str, &[u8])] = &[("Content-Type", b"multipart/form-data; boundary=b")];

/// A form with one file.
fn file(content: &[u8]) -> Vec<u8> {
    let head = b"--b\r\nContent-Disposition: form-data; name=\"gedcomFile\"; filename=\"f.ged\"\r\n\r\n";
    [head, content, b"\r\n--b--\r\n"].concat()
}

#[tokio::test]
async fn a_file_that_is_no_gedcom_is_refused_and_nothing_is_kept() {
    let house = House::new().await;
    let contents: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\n\n".to_vec(),
        b"hello".to_vec(),
        b"<html><body>0 HEAD</body></html>".to_vec(),
        b"{\"0\":\"HEAD\"}".to_vec(),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
        b"PK\x03\x04\x14\0\0\0".to_vec(),
        b"%PDF-1.7\n".to_vec(),
        vec![0; 4096],
        vec![0xff; 4096],
        b"\xef\xbb\xbf".to_vec(),
        b"\xff\xfe".to_vec(),
        b"0".to_vec(),
        b"0 ".to_vec(),
        b"1 HEAD\n0 TRLR\n".to_vec(),
        b"x".repeat(200_000),
        b"name;surname\nA;B\n".to_vec(),
    ];
    let bodies: Vec<Vec<u8>> = contents.iter().map(|content| file(content)).collect();
    let cases: Vec<Case<'_>> = bodies
        .iter()
        .map(|body| Case { target: UPLOAD, headers: FORM, body, status: 400, field: "gedcomFile" })
        .collect();
    house.check(&cases).await;
    let tree = house.fill("{tree}");
    assert_eq!(house.client.get(&format!("/api/family-trees/{tree}/imports")).await.ok(200)["total"], 0);
    let kept = house.server.data().join("blobs/imports");
    let left = std::fs::read_dir(kept).map_or(0, Iterator::count);
    assert_eq!(left, 0, "refused files are kept");
}

#[tokio::test]
async fn a_form_without_the_file_says_which_field_is_wanted() {
    let house = House::new().await;
    let bodies: [&[u8]; 4] = [
        b"--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data\r\n\r\n0 HEAD\r\n--b--\r\n",
        b"--b\r\nContent-Type: text/plain\r\n\r\n0 HEAD\r\n--b--\r\n",
    ];
    let cases =
        bodies.map(|body| Case { target: UPLOAD, headers: FORM, body, status: 400, field: "gedcomFile" });
    house.check(&cases).await;
}

#[tokio::test]
async fn a_form_that_breaks_off_is_refused() {
    let house = House::new().await;
    let whole = file(b"0 HEAD\n1 GEDC\n2 VERS 5.5.1\n0 @I1@ INDI\n1 NAME A //\n0 TRLR\n");
    let mut bodies: Vec<&[u8]> = vec![
        b"",
        b"\r\n",
        b"x",
        b"--c\r\n\r\nx\r\n--c--\r\n",
        b"--b",
        b"--b\r\n",
        b"--b\r\nContent-Disposition",
    ];
    bodies.extend([30, 70, 100, whole.len() - 12].map(|end| &whole[..end]));
    let broken_head =
        b"--b\r\nContent-Disposition: form-data; name=\"gedcomFile\r\nx y z\r\n\r\n0 HEAD\r\n--b--\r\n";
    bodies.push(broken_head);
    let cases: Vec<Case<'_>> = bodies
        .iter()
        .map(|body| Case { target: UPLOAD, headers: FORM, body, status: 400, field: "" })
        .collect();
    house.check(&cases).await;
}

#[tokio::test]
async fn a_content_of_another_kind_is_refused() {
    let house = House::new().await;
    let person: &[u8] = br#"{"firstName":"A"}"#;
    let kinds: [&[u8]; 9] = [
        b"text/plain",
        b"text/json",
        b"application/x-www-form-urlencoded",
        b"application/xml",
        b"multipart/form-data; boundary=b",
        b"application/jsonx",
        b"garbage",
        b"\xff\xfe",
        b"a/b/c;;=",
    ];
    for kind in kinds {
        let headers: &[(&str, &[u8])] = &[("Content-Type", kind)];
        let cases = [
            "POST /api/genealogy/members",
            "PUT /api/persons/{child}",
            "POST /api/auth/login",
            "POST /api/auth/register",
        ]
        .map(|target| Case { target, headers, body: person, status: 415, field: "" });
        house.check(&cases).await;
    }
    let whole = file(b"0 HEAD\n0 TRLR\n");
    for kind in [
        &b"application/json"[..],
        b"text/plain",
        b"multipart/form-data",
        b"multipart/mixed; boundary=b",
        b"\xff",
    ] {
        let headers: &[(&str, &[u8])] = &[("Content-Type", kind)];
        house.check(&[Case { target: UPLOAD, headers, body: &whole, status: 415, field: "" }]).await;
    }
    let headers: &[(&str, &[u8])] = &[("Content-Type", b"multipart/form-data; boundary=")];
    house.check(&[Case { target: UPLOAD, headers, body: &whole, status: 400, field: "" }]).await;
    house
        .check(&[Case {
            target: UPLOAD,
            headers: &[("Content-Type", b"(none)")],
            body: &whole,
            status: 415,
            field: "",
        }])
        .await;
}

#[tokio::test]
async fn a_body_that_is_declared_too_large_is_refused_before_it_is_sent() {
    let house = House::new().await;
    for (target, kind, length, status) in [
        ("POST /api/genealogy/members", &b"application/json"[..], &b"10485761"[..], 413),
        ("POST /api/auth/login", b"application/json", b"99999999999", 413),
        (UPLOAD, b"multipart/form-data; boundary=b", b"104857601", 413),
    ] {
        let headers: &[(&str, &[u8])] = &[("Content-Type", kind), ("Content-Length", length)];
        house.check(&[Case { target, headers, body: b"", status, field: "" }]).await;
    }
}
