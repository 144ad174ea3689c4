//! The picture of an account.

use dzinza_ports::UserChange;
use http::Method;
use image::{DynamicImage, ImageFormat};

use crate::support::{House, Reply};

const RUDO: &str = "rudo@example.org";
const PATH: &str = "/api/auth/profile/avatar";

fn picture(format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::new_rgb8(700, 350).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn send(house: &House, access: &str, field: &str, file: &[u8]) -> Reply {
    let mut body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"me.svg\"\r\n\
        Content-Type: image/svg+xml\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let call = house.call(Method::POST, PATH).bearer(access);
    call.header("content-type", "multipart/form-data; boundary=edge").bytes(body).send().await
}

fn address(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let user = &reply.body["user"];
    for twin in ["profileImageUrl", "profilePictureUrl"] {
        assert_eq!(user[twin], user["profilePhoto"]);
    }
    user["profilePhoto"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_picture_is_kept_small_and_shown_at_an_address_that_stays() {
    let house = House::new();
    let access = house.register(RUDO).await.access().to_owned();
    let mut last = String::new();
    for (field, format) in [
        ("avatar", ImageFormat::Jpeg),
        ("file", ImageFormat::Png),
        ("avatar", ImageFormat::Gif),
        ("file", ImageFormat::WebP),
    ] {
        let now = address(&send(&house, &access, field, &picture(format)).await);
        assert_ne!(now, last);
        let (status, headers, bytes) = house.call(Method::GET, &now).file().await;
        assert_eq!((status, &headers["x-content-type-options"]), (200, &"nosniff".parse().unwrap()));
        assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
        let kept = image::load_from_memory(&bytes).unwrap();
        assert_eq!((kept.width(), kept.height()), (512, 256));
        let kind =
            if image::guess_format(&bytes).unwrap() == ImageFormat::Png { "image/png" } else { "image/jpeg" };
        assert_eq!(headers["content-type"], kind);
        if !last.is_empty() {
            assert_eq!(house.call(Method::GET, &last).send().await.status, 404, "the former one is gone");
        }
        last = now;
    }
    assert_eq!(house.last_entry().action, "PROFILE_UPDATED");
    let me = house.call(Method::GET, "/api/users/me").bearer(&access).send().await;
    assert_eq!(me.body["profilePhoto"], last.as_str());
    // Gone with the account, or when it is removed.
    house.change(RUDO, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    assert_eq!(house.call(Method::GET, &last).send().await.status, 404);
    house.change(RUDO, UserChange { is_active: Some(true), ..UserChange::default() }).await;
    let removed = house.call(Method::DELETE, PATH).bearer(&access).send().await;
    assert_eq!(
        (removed.status.as_u16(), &removed.body["user"]["profilePhoto"]),
        (200, &serde_json::Value::Null)
    );
    assert_eq!(house.call(Method::GET, &last).send().await.status, 404);
    let id = house.user(RUDO).await.id;
    assert!(house.ports.blobs.head(&format!("avatars/{id}")).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let house = House::new();
    let access = house.register(RUDO).await.access().to_owned();
    for foreign in [&b"<svg onload='alert(1)'/>"[..], b"GIF", b"", b"%PDF-1.7"] {
        assert_eq!(send(&house, &access, "avatar", foreign).await.status, 415);
    }
    let whole = picture(ImageFormat::Png);
    assert_eq!(send(&house, &access, "avatar", &whole[..60]).await.fields(), ["avatar"]);
    assert_eq!(send(&house, &access, "photo", &whole).await.fields(), ["avatar"]);
    let mut large = whole.clone();
    large.resize((5 << 20) + 1, 0);
    assert_eq!(send(&house, &access, "avatar", &large).await.status, 413);
    large.pop();
    assert_eq!(send(&house, &access, "avatar", &large).await.status, 200, "5 MiB are allowed");
    let json = house.call(Method::POST, PATH).bearer(&access).json(&serde_json::json!({})).send().await;
    assert_eq!(json.status, 415);
    let cut_off = house.call(Method::POST, PATH).bearer(&access);
    let cut_off =
        cut_off.header("content-type", "multipart/form-data; boundary=edge").raw("--edge\r\nContent-Disp");
    assert_eq!(cut_off.send().await.status, 400);
    assert_eq!(send(&house, "nobody", "avatar", &whole).await.status, 401);
    let foreign = house.call(Method::DELETE, PATH).cookie(&access).header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.status, 403);
}

#[tokio::test]
async fn an_address_that_was_not_told_leads_nowhere() {
    let house = House::new();
    let access = house.register(RUDO).await.access().to_owned();
    let told = address(&send(&house, &access, "avatar", &picture(ImageFormat::Png)).await);
    let id = house.user(RUDO).await.id;
    for path in [
        format!("/api/auth/avatars/{id}/{}", "0".repeat(32)),
        format!("/api/auth/avatars/{id}/x"),
        told.replace(&id, "nobody"),
        told.replace(&id, "..%2F..%2Fsecrets"),
        told.to_uppercase().replace("/API/AUTH/AVATARS", "/api/auth/avatars"),
    ] {
        assert_eq!(house.call(Method::GET, &path).send().await.status, 404, "{path}");
    }
}
