//! The calls of the screens that people reach (contract: genealogy 5.1 LIVE, auth-and-gateway 10.1, 10.2 and 13),
//! once by a caller who sends the header and once by one who has only the cookie.
#![cfg(test)]

use dzinza_ports::{NewUser, Role};
use dzinza_tests::{Client, Mode, PASSWORD, Server, eventually};
use dzinza_web::{TokenKeys, TokenSubject};
use dzinza_wiring::Stores;
use http::Method;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

const EMAIL: &str = "rudo@example.org";
const FAMILY: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Nehanda /Nyakasikana/\n1 SEX F\n\
    1 BIRT\n2 DATE 1840\n1 DEAT\n2 DATE 27 APR 1898\n0 @I2@ INDI\n1 NAME Tichafa /Nyakasikana/\n1 SEX M\n\
    0 @F1@ FAM\n1 WIFE @I1@\n1 CHIL @I2@\n0 TRLR\n";

/// Signs up as the register page does: one name, no other names.
async fn registered(server: &Server, mode: Mode) -> Client {
    let nobody = Client::anonymous(server);
    let form =
        json!({ "name": "Rudo Moyo", "email": EMAIL, "password": PASSWORD, "preferredLanguage": "en" });
    let answer = nobody.post("/api/auth/register", &form).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.body["requireMfa"], false);
    assert_eq!(
        (&answer.body["user"]["firstName"], &answer.body["user"]["lastName"]),
        (&json!("Rudo"), &json!("Moyo"))
    );
    let cookie = answer.set_cookie("access_token_cookie").expect("a cookie, as the page keeps no token");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1800"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    nobody.known_by(&answer, mode)
}

fn ids(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|id| id.as_str().expect("an id")).collect()
}

fn member<'t>(tree: &'t Value, id: &str) -> &'t Value {
    let members = tree["members"].as_array().expect("members");
    members.iter().find(|member| member["id"] == id).unwrap_or_else(|| panic!("{id} is not in {tree}"))
}

/// What the add form sends.
fn form(first: &str, gender: &str, birth: &str) -> Value {
    json!({ "name": format!("{first} Moyo"), "firstName": first, "middleName": "", "lastName": "Moyo", "nickname": "",
        "birthDate": birth, "deathDate": "", "gender": gender, "profileImageUrl": "" })
}

async fn a_new_account_fills_its_tree(mode: Mode) {
    let server = Server::start().await;
    let rudo = registered(&server, mode).await;
    let tree = rudo.tree().await;
    assert_eq!(
        (&tree["name"], &tree["members"], &tree["relationships"]),
        (&json!("My Family Tree"), &json!([]), &json!([]))
    );
    let tree_id = tree["id"].as_str().unwrap();

    let child = rudo.post("/api/genealogy/members", &form("Rudo", "female", "1990-03-12")).await.ok(201);
    let child_id = child["id"].as_str().unwrap();
    let mother_id = rudo.new_member(&form("Chipo", "female", "1960-01-02")).await;
    let father_id = rudo.new_member(&form("Tendai", "male", "")).await;
    for (path, one, two, kind) in [
        ("/api/genealogy/relationships/", mother_id.as_str(), child_id, "PARENT_CHILD"),
        ("/api/genealogy/relationships", father_id.as_str(), child_id, "PARENT_CHILD"),
        ("/api/genealogy/relationships/", mother_id.as_str(), father_id.as_str(), "SPOUSE"),
    ] {
        let body = json!({ "person1Id": one, "person2Id": two, "type": kind });
        let made = rudo.post(path, &body).await.ok(201);
        assert_eq!((&made["type"], &made["person1Id"]), (&json!(kind), &json!(one)));
        rudo.post(path, &body).await.problem(409);
    }

    let tree = rudo.tree().await;
    assert_eq!(tree["id"], tree_id);
    let (mother, father, child) =
        (member(&tree, &mother_id), member(&tree, &father_id), member(&tree, child_id));
    assert_eq!(ids(&child["parentIds"]), [mother_id.as_str(), &father_id]);
    assert_eq!((ids(&mother["childIds"]), ids(&father["childIds"])), (vec![child_id], vec![child_id]));
    assert_eq!(
        (ids(&mother["spouseIds"]), ids(&father["spouseIds"])),
        (vec![&*father_id], vec![&*mother_id])
    );
    assert_eq!(
        (&child["birthDate"], &child["deathDate"], &child["gender"]),
        (&json!("1990-03-12"), &Value::Null, &json!("female"))
    );
    assert_eq!(tree["relationships"].as_array().unwrap().len(), 3);
    for relationship in tree["relationships"].as_array().unwrap() {
        assert!(["PARENT_CHILD", "SPOUSE"].contains(&relationship["type"].as_str().unwrap()));
        assert!(
            ["id", "person1Id", "person2Id"].iter().all(|key| relationship[*key].is_string()),
            "{relationship}"
        );
    }

    // The July page lists trees instead and takes the first.
    let listed = rudo.get("/api/genealogy/family-trees?page=1&limit=1").await.ok(200);
    assert_eq!((&listed["items"][0]["id"], &listed["total"]), (&json!(tree_id), &json!(1)));
    assert_eq!(
        (&listed["items"][0]["name"], &listed["items"][0]["owner_id"]),
        (&tree["name"], &tree["ownerId"])
    );
    server.stop().await;
}

#[tokio::test]
async fn a_new_account_fills_its_tree_by_header() {
    a_new_account_fills_its_tree(Mode::Header).await;
}

#[tokio::test]
async fn a_new_account_fills_its_tree_by_cookie() {
    a_new_account_fills_its_tree(Mode::Cookie).await;
}

async fn a_member_is_edited(mode: Mode) {
    let server = Server::start().await;
    let rudo = registered(&server, mode).await;
    let id = rudo.new_member(&form("Rudo", "female", "1990-03-12")).await;
    let path = format!("/api/genealogy/members/{id}");
    // The edit form leaves blank fields out.
    let edited = rudo
        .put(&path, &json!({ "firstName": "Rudorwashe", "lastName": "Moyo", "deathDate": "2020-02-29" }))
        .await
        .ok(200);
    assert_eq!((&edited["name"], &edited["birthDate"]), (&json!("Rudorwashe Moyo"), &json!("1990-03-12")));
    let tree = rudo.tree().await;
    assert_eq!(
        (&member(&tree, &id)["firstName"], &member(&tree, &id)["deathDate"]),
        (&json!("Rudorwashe"), &json!("2020-02-29"))
    );
    let cleared = rudo.put(&path, &json!({ "deathDate": "", "nickname": "Ru" })).await.ok(200);
    assert_eq!((&cleared["deathDate"], &cleared["nickname"]), (&Value::Null, &json!("Ru")));
    rudo.put(&path, &json!({ "nothingWeKnow": 1 })).await.problem(400);
    rudo.put(&path, &json!({ "birthDate": "2024-01-01", "deathDate": "2020-01-01" })).await.problem(400);
    rudo.delete(&path).await.ok(204);
    assert_eq!(rudo.tree().await["members"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_member_is_edited_by_header() {
    a_member_is_edited(Mode::Header).await;
}

#[tokio::test]
async fn a_member_is_edited_by_cookie() {
    a_member_is_edited(Mode::Cookie).await;
}

async fn the_bell_tells_of_an_import(mode: Mode) {
    const BADGE: &str = "/api/notifications?isRead=false&limit=1&page=1";
    const PANEL: &str = "/api/notifications?sortBy=createdAt&sortOrder=desc&limit=10&page=1";
    let server = Server::start().await;
    let rudo = registered(&server, mode).await;
    assert_eq!(rudo.get(BADGE).await.ok(200)["pagination"]["totalItems"], 0);
    let tree_id = rudo.tree().await["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let report = rudo.upload_gedcom(&tree_id, FAMILY).await.ok(200);
        assert_eq!((&report["status"], &report["individualsImported"]), (&json!("completed"), &json!(2)));
    }
    let unread = async |count: u64| {
        eventually("the badge", async || {
            (rudo.get(BADGE).await.ok(200)["pagination"]["totalItems"] == count).then_some(())
        })
        .await;
    };
    unread(2).await;
    // The person dialog asks for the stories of whom it shows; nobody has written one.
    let shown = rudo.tree().await["members"][0]["id"].as_str().unwrap().to_owned();
    let stories = rudo.get(&format!("/api/events?relatedPersonId={shown}&page=1&limit=20")).await.ok(200);
    assert_eq!((&stories["data"], &stories["pagination"]["totalPages"]), (&json!([]), &json!(0)));
    let panel = rudo.get(PANEL).await.ok(200);
    for key in ["page", "limit", "totalPages", "totalItems"] {
        assert!(panel["pagination"][key].is_u64(), "{key} in {panel}");
    }
    let shown = panel["data"].as_array().unwrap();
    for one in shown {
        assert!(
            ["_id", "title", "message", "createdAt", "type"].iter().all(|key| one[*key].is_string()),
            "{one}"
        );
        assert!(
            one["isRead"] == false && one.get("link").is_some() && one.get("actorName").is_some(),
            "{one}"
        );
    }
    let one = shown[0]["_id"].as_str().unwrap();
    rudo.send(rudo.request(Method::PATCH, &format!("/api/notifications/{one}/read"))).await.ok(200);
    unread(1).await;
    rudo.send(rudo.request(Method::PATCH, "/api/notifications/mark-all-read")).await.ok(200);
    unread(0).await;
    assert!(
        rudo.get(PANEL).await.ok(200)["data"].as_array().unwrap().iter().all(|one| one["isRead"] == true)
    );
    assert_eq!(rudo.tree().await["members"].as_array().unwrap().len(), 4);
    server.stop().await;
}

#[tokio::test]
async fn the_bell_tells_of_an_import_by_header() {
    the_bell_tells_of_an_import(Mode::Header).await;
}

#[tokio::test]
async fn the_bell_tells_of_an_import_by_cookie() {
    the_bell_tells_of_an_import(Mode::Cookie).await;
}

async fn every_address_of_a_screen_answers(mode: Mode) {
    let server = Server::start().await;
    let rudo = registered(&server, mode).await;
    let tree_id = rudo.tree().await["id"].as_str().unwrap().to_owned();
    for path in [
        "/api/genealogy/family-tree",
        "/v1/genealogy/family-tree",
        "/api/v1/genealogy/family-tree",
        "/api/genealogy/family-trees",
        "/api/family-trees",
        "/api/trees",
        "/v1/family-trees",
        "/api/v1/trees",
        "/api/notifications",
        "/v1/notifications",
        "/api/v1/notifications",
        "/api/genealogy/notifications",
        "/api/auth/me",
        "/v1/auth/me",
        "/api/v1/auth/me",
        "/api/users/me",
        "/v1/users/me",
        "/api/genealogy/test",
    ] {
        for slash in ["", "/"] {
            rudo.get(&format!("{path}{slash}")).await.ok(200);
        }
    }
    for path in ["/api/genealogy/persons", "/api/persons", "/api/people", "/v1/persons", "/api/relationships"]
    {
        for slash in ["", "/"] {
            rudo.get(&format!("{path}{slash}?familyTreeId={tree_id}&search=&page=1&limit=30")).await.ok(200);
        }
    }
    for path in [
        "/api/genealogy/members",
        "/api/genealogy/members/",
        "/v1/genealogy/members",
        "/api/v1/genealogy/members/",
    ] {
        rudo.post(path, &json!({ "firstName": "Rudo" })).await.ok(201);
    }
    assert_eq!(rudo.tree().await["members"].as_array().unwrap().len(), 4);
    server.stop().await;
}

#[tokio::test]
async fn every_address_of_a_screen_answers_by_header() {
    every_address_of_a_screen_answers(Mode::Header).await;
}

#[tokio::test]
async fn every_address_of_a_screen_answers_by_cookie() {
    every_address_of_a_screen_answers(Mode::Cookie).await;
}

/// What the interceptor does: the refresh at the root of the site, then the request again.
async fn an_expired_session_is_renewed(mode: Mode) {
    let server = Server::start().await;
    let rudo = registered(&server, mode).await;
    let answer =
        rudo.as_nobody().post("/api/auth/login", &json!({ "email": EMAIL, "password": PASSWORD })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let rudo = rudo.known_by(&answer, mode);
    rudo.get("/api/notifications?isRead=false&limit=1&page=1").await.ok(200);

    let mut expired = rudo.clone();
    expired.access = expired_token(&server, &rudo.user_id);
    let refused = expired.get("/api/genealogy/family-tree").await;
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    refused.problem(401);
    for path in ["/auth/refresh", "/api/auth/refresh/"] {
        // Two tabs share a token and ask at the same moment.
        let ask = async || expired.as_nobody().post(path, &json!({ "refreshToken": rudo.refresh })).await;
        let (one, two) = futures::join!(ask(), ask());
        for renewed in [one, two] {
            assert_eq!(renewed.status, 200, "{}", renewed.text());
            assert!(renewed.body["refreshToken"].is_string() && renewed.body["refreshToken"] != rudo.refresh);
            assert_eq!(renewed.body["accessToken"], renewed.body["tokens"]["accessToken"]);
            let again = rudo.known_by(&renewed, mode);
            again.tree().await;
            let next = again.as_nobody().post(path, &json!({ "refreshToken": again.refresh })).await.ok(200);
            assert_ne!(next["refreshToken"], again.refresh);
        }
    }
    for token in [json!("undefined"), json!("x.y.z"), json!(rudo.access), Value::Null] {
        rudo.as_nobody().post("/auth/refresh", &json!({ "refreshToken": token })).await.problem(401);
    }
    server.stop().await;
}

fn expired_token(server: &Server, user_id: &str) -> String {
    let stores = Stores::open(server.data()).unwrap();
    let bytes = |secret: &secrecy::SecretString| secret.expose_secret().as_bytes().to_vec();
    let keys = TokenKeys::new(&bytes(&stores.secrets.jwt), &bytes(&stores.secrets.jwt_refresh)).unwrap();
    let subject = TokenSubject {
        user_id: user_id.into(),
        email: EMAIL.into(),
        role: Role::User,
        session_id: "s".into(),
    };
    let then = stores.clock.now() - SignedDuration::from_hours(1);
    keys.access_token(&subject, "j", then, SignedDuration::from_mins(30)).unwrap()
}

#[tokio::test]
async fn an_expired_session_is_renewed_by_header() {
    an_expired_session_is_renewed(Mode::Header).await;
}

#[tokio::test]
async fn an_expired_session_is_renewed_by_cookie() {
    an_expired_session_is_renewed(Mode::Cookie).await;
}

#[tokio::test]
async fn an_old_refresh_token_that_comes_again_ends_its_whole_family() {
    let server = Server::start().await;
    let rudo = registered(&server, Mode::Header).await;
    let refresh =
        async |token: &str| rudo.as_nobody().post("/auth/refresh", &json!({ "refreshToken": token })).await;
    let next = rudo.known_by(&refresh(&rudo.refresh).await, Mode::Header);
    // What happened just now happened a minute and a second ago.
    let earlier = |minute: &str| {
        format!("UPDATE refresh_tokens SET revoked_at = revoked_at - {minute} WHERE revoked_at IS NOT NULL")
    };
    assert_eq!(server.stores().change(&earlier("61000000"), &earlier("interval '61 seconds'")), 1);
    next.tree().await;
    refresh(&rudo.refresh).await.problem(401);
    refresh(&next.refresh).await.problem(401);
    for client in [&rudo, &next] {
        client.get("/api/genealogy/family-tree").await.problem(401);
    }
    rudo.sign_in(EMAIL, PASSWORD).await.tree().await;
    server.stop().await;
}

#[tokio::test]
async fn bare_fetches_live_on_the_cookie_and_a_foreign_page_cannot_use_it() {
    let server = Server::start().await;
    let rudo = registered(&server, Mode::Cookie).await;
    let mut fetch =
        rudo.request(Method::GET, "/api/notifications").header("authorization", "Bearer undefined");
    rudo.send(fetch).await.ok(200);
    for origin in ["https://evil.example", "null", "http://localhost:9999"] {
        fetch = rudo
            .as_nobody()
            .request(Method::POST, "/api/genealogy/members")
            .json(&json!({ "firstName": "Eve" }));
        let cookie = format!("access_token_cookie={}", rudo.access);
        rudo.send(fetch.header("cookie", cookie).header("origin", origin)).await.problem(403);
    }
    assert_eq!(rudo.tree().await["members"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn five_wrong_passwords_lock_with_a_text_for_the_page() {
    let server = Server::start().await;
    let rudo = registered(&server, Mode::Header).await;
    let login = async |password: &str| {
        rudo.as_nobody().post("/api/auth/login", &json!({ "email": EMAIL, "password": password })).await
    };
    for _ in 0..5 {
        login("Wrong-1890").await.problem(401);
    }
    let locked = login(PASSWORD).await;
    let wait = locked.header("retry-after").map(str::to_owned);
    let body = locked.problem(423);
    assert_eq!(Some(body["retryAfter"].to_string()), wait);
    server.stop().await;
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_the_mailed_link() {
    let server = Server::start().await;
    let rudo = registered(&server, Mode::Header).await;
    let nobody = rudo.as_nobody();
    // The page shows the answer's message, and it is the same whoever is asked for.
    let forgot =
        async |email: &str| nobody.post("/api/auth/forgot-password", &json!({ "email": email })).await;
    let shown = forgot(EMAIL).await.ok(200);
    assert!(shown["message"].as_str().is_some_and(|text| !text.is_empty()), "{shown}");
    assert_eq!(forgot("nobody@example.org").await.ok(200), shown);
    forgot("nobody").await.field("email");
    // The live reset page posts nothing at all.
    let empty = nobody.post("/api/auth/reset-password", &json!({})).await.field("token");
    assert!(empty["message"].as_str().is_some_and(|text| text.contains("mail")), "{empty}");

    let letter = eventually("the mail", async || {
        let files = std::fs::read_dir(server.data().join("mail")).unwrap().map(|file| file.unwrap().path());
        let mut letters = files
            .filter(|file| file.extension().is_some_and(|extension| extension == "eml"))
            .map(|file| std::fs::read_to_string(file).unwrap());
        letters.find(|letter| letter.contains("/reset-password/"))
    })
    .await;
    let (_, rest) = letter.split_once("http://127.0.0.1:3001").unwrap();
    let path = rest.lines().next().unwrap();
    let page = nobody.get(path).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; base-uri"));
    // What a browser sends: without an origin, as the page has no referrer, and with the cookie it still has.
    let token = path.rsplit('/').next().unwrap();
    let browser = rudo.request(Method::POST, "/api/auth/reset-password").header("origin", "null");
    let browser = browser.header("cookie", format!("access_token_cookie={}", rudo.access));
    let form = format!("token={token}&newPassword=Baobab-1897");
    let sent = browser.header("content-type", "application/x-www-form-urlencoded").body(form);
    let done = rudo.send(sent).await;
    assert!(done.status == 200 && done.text().contains("changed"), "{}", done.text());

    rudo.get("/api/genealogy/family-tree").await.problem(401);
    nobody.post("/auth/refresh", &json!({ "refreshToken": rudo.refresh })).await.problem(401);
    nobody.post("/api/auth/login", &json!({ "email": EMAIL, "password": PASSWORD })).await.problem(401);
    rudo.sign_in(EMAIL, "Baobab-1897").await.tree().await;
    let again = json!({ "token": token, "newPassword": "Another-1900" });
    nobody.post("/api/auth/reset-password", &again).await.field("token");
    server.stop().await;
}

#[tokio::test]
async fn an_account_of_the_old_platform_can_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let stores = dzinza_tests::Stores::of(&data).open();
    let hash = bcrypt::hash_with_result(PASSWORD, 4).unwrap().format_for_version(bcrypt::Version::TwoA);
    assert!(hash.starts_with("$2a$"));
    let user = NewUser {
        id: stores.ids.new_id(),
        email: EMAIL.into(),
        username: Some("rudo".into()),
        password_hash: hash,
        first_name: Some("Rudo".into()),
        last_name: Some("Moyo".into()),
        preferred_language: "en".into(),
        timezone: "UTC".into(),
        role: Role::User,
        created_at: stores.clock.now(),
        ..NewUser::default()
    };
    stores.users.insert(user).await.unwrap();
    drop(stores);
    let server = Server::on(&data, |_| {}).await;
    Client::anonymous(&server).sign_in(EMAIL, PASSWORD).await.tree().await;
    server.stop().await;
}

#[tokio::test]
async fn every_refusal_has_words_for_the_page() {
    let server = Server::start().await;
    let rudo = registered(&server, Mode::Header).await;
    let nobody = rudo.as_nobody();
    let taken = json!({ "name": "Rudo Moyo", "email": "RUDO@example.org", "password": PASSWORD });
    nobody.post("/api/auth/register", &taken).await.problem(409);
    nobody
        .post("/api/auth/register", &json!({ "name": "Rudo", "email": "x@example.org", "password": "short" }))
        .await
        .field("password");
    nobody.post("/api/auth/login", &json!({ "email": EMAIL })).await.field("password");
    nobody
        .post("/api/auth/login", &json!({ "email": "nobody@example.org", "password": PASSWORD }))
        .await
        .problem(401);
    nobody.get("/api/genealogy/family-tree").await.problem(401);
    rudo.get("/api/genealogy/nothing").await.problem(404);
    rudo.delete("/api/genealogy/test").await.problem(405);
    rudo.put("/api/genealogy/members/nobody", &json!({ "firstName": "X" })).await.problem(404);
    rudo.post("/api/genealogy/members", &json!({ "gender": "male" })).await.problem(400);
    server.stop().await;
}
