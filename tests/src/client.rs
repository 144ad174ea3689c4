use http::Method;
use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::{Answer, Server};

/// Everybody's password.
pub const PASSWORD: &str = "Mutupo-1890";

/// How a client says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `Authorization: Bearer`, as the axios client does.
    Header,
    /// The cookie alone, as bare `fetch` of a page of the same site does.
    Cookie,
    /// Not at all.
    Anonymous,
}

/// Someone who calls the platform.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    mode: Mode,
    /// The account's id; empty for nobody.
    pub user_id: String,
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

impl Client {
    /// Nobody.
    pub fn anonymous(server: &Server) -> Self {
        Self::at(server.url())
    }

    /// Nobody, at an address such as that of a [`crate::Process`].
    ///
    /// # Panics
    /// Never in practice.
    pub fn at(base: &str) -> Self {
        let plain = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = plain.build().expect("a client");
        let (user_id, access, refresh) = Default::default();
        Self { http, base: base.to_owned(), mode: Mode::Anonymous, user_id, access, refresh }
    }

    /// A new account, known by header.
    pub async fn signed_up(server: &Server, email: &str) -> Self {
        Self::anonymous(server).sign_up(email).await
    }

    /// A new account at this client's address, known by header.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn sign_up(&self, email: &str) -> Self {
        let body = json!({ "name": "Rudo Moyo", "email": email, "password": PASSWORD });
        let answer = self.as_nobody().post("/api/auth/register", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        self.known_by(&answer, Mode::Header)
    }

    /// Signs in to an account, known by header.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn sign_in(&self, email: &str, password: &str) -> Self {
        let body = json!({ "email": email, "password": password });
        let answer = self.as_nobody().post("/api/auth/login", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.known_by(&answer, Mode::Header)
    }

    /// The caller that an answer to signing up, signing in or refreshing makes: in cookie mode by the cookie it
    /// sets, else by the token in its body.
    ///
    /// # Panics
    /// If the answer has no tokens.
    #[must_use]
    pub fn known_by(&self, answer: &Answer, mode: Mode) -> Self {
        let tokens = &answer.body["tokens"];
        let text =
            |key: &str| tokens[key].as_str().unwrap_or_else(|| panic!("{key}: {}", answer.body)).to_owned();
        let cookie = || {
            let set = answer.set_cookie("access_token_cookie").expect("the access cookie");
            set.split(';').next().unwrap_or_default().to_owned()
        };
        let access = if mode == Mode::Cookie { cookie() } else { text("accessToken") };
        let named = answer.body["user"]["id"].as_str().map_or_else(|| self.user_id.clone(), str::to_owned);
        Self { mode, access, refresh: text("refreshToken"), user_id: named, ..self.clone() }
    }

    /// The same caller, known in another way.
    #[must_use]
    pub fn with_mode(&self, mode: Mode) -> Self {
        Self { mode, ..self.clone() }
    }

    /// The same caller with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { access: token.to_owned(), mode: Mode::Header, ..self.clone() }
    }

    /// The same connection without a caller.
    #[must_use]
    pub fn as_nobody(&self) -> Self {
        self.with_mode(Mode::Anonymous)
    }

    /// A request with this caller's credential, to be completed and given to [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match self.mode {
            Mode::Header => request.bearer_auth(&self.access),
            // What a browser adds to a page's own `fetch`.
            Mode::Cookie => request
                .header("cookie", format!("dzinza_language=en; access_token_cookie={}", self.access))
                .header("sec-fetch-site", "same-origin"),
            Mode::Anonymous => request,
        }
    }

    /// Sends a request.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// Sends a request to a server that may go away meanwhile: nothing if it breaks off before the end of the answer.
    pub async fn attempt(&self, request: RequestBuilder) -> Option<Answer> {
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Answer::new(status, headers, response.bytes().await.ok()?))
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// `DELETE` without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// `DELETE` with a JSON body.
    pub async fn delete_with(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::DELETE, path).json(body)).await
    }

    /// The caller's default tree, made on the first call.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn tree(&self) -> Value {
        self.get("/api/genealogy/family-tree").await.ok(200)
    }

    /// A new tree's id.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn new_tree(&self, name: &str, privacy: &str) -> String {
        let made = self.post("/api/family-trees", &json!({ "name": name, "privacy": privacy })).await.ok(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Adds a member with these fields and answers its id.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn new_member(&self, fields: &Value) -> String {
        let made = self.post("/api/genealogy/members", fields).await.ok(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Uploads a GEDCOM file to a tree, as the form of the frontend does.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn upload_gedcom(&self, tree_id: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        let part = Part::bytes(bytes.into()).file_name("family.ged");
        let form = Form::new().part("gedcomFile", part);
        let path = format!("/api/family-trees/{tree_id}/import/gedcom");
        self.send(self.request(Method::POST, &path).multipart(form)).await
    }
}
