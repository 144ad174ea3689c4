//! Errors in the language of whoever reads them (contract 10.3). As with gettext the English text is the key: code says
//! in English what it means, and the text is exchanged once, where the answer leaves. What `texts/errors.*.toml` lack
//! stays English. Codes, fields and everything else that programs read never change.

mod catalogue;

use std::sync::LazyLock;

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value};

use crate::{Language, Problem};
use catalogue::Catalogue;

static SHONA: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("../texts/errors.sn.toml")));
static NDEBELE: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("../texts/errors.nd.toml")));

/// A file that cannot be read says nothing; tests rule that out.
fn read(file: &str) -> Catalogue {
    Catalogue::read(file).unwrap_or_default()
}

/// The texts of every language but English, each read when somebody first asks for it.
fn catalogue(language: Language) -> Option<&'static Catalogue> {
    match language.0 {
        "sn" => Some(&SHONA),
        "nd" => Some(&NDEBELE),
        _ => None,
    }
}

/// Which languages an error body is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken {
    language: Language,
    /// Whether everything, something or nothing of it is in the language.
    all: bool,
    any: bool,
}

impl Spoken {
    /// Tells it in `Content-Language`, and in `Vary` that it hangs on `Accept-Language`. What stands in `Vary` already
    /// stays, on one line.
    pub fn tell(self, headers: &mut HeaderMap) {
        let language = match (self.language.0, self.all, self.any) {
            ("sn", true, _) => "sn",
            ("nd", true, _) => "nd",
            ("sn", false, true) => "sn, en",
            ("nd", false, true) => "nd, en",
            _ => "en",
        };
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language));
        vary(headers);
    }
}

/// Adds `Accept-Language` to `Vary`, all of which then stands on one line.
pub fn vary(headers: &mut HeaderMap) {
    vary_on(headers, "Accept-Language");
}

/// Adds the name of a header to `Vary`, all of which then stands on one line.
pub fn vary_on(headers: &mut HeaderMap, name: &str) {
    let mut names: Vec<&str> =
        headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut named = names.iter().flat_map(|value| value.split(',')).map(str::trim);
    if !named.any(|one| one == "*" || one.eq_ignore_ascii_case(name)) {
        names.push(name);
    }
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        headers.insert(header::VARY, value);
    }
}

/// Puts the texts of an error body (`message`, `detail`, and those of `errors` and `details`) into this language,
/// where they are known in it.
pub fn translate(body: &mut Map<String, Value>, language: Language) -> Spoken {
    let mut spoken = Spoken { language, all: true, any: false };
    let Some(catalogue) = catalogue(language) else { return Spoken { all: false, ..spoken } };
    exchange(body, &["message", "detail"], catalogue, &mut spoken);
    for list in ["errors", "details"] {
        for error in body.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(error) = error.as_object_mut() {
                exchange(error, &["message", "msg"], catalogue, &mut spoken);
            }
        }
    }
    spoken
}

fn exchange(object: &mut Map<String, Value>, keys: &[&str], catalogue: &Catalogue, spoken: &mut Spoken) {
    for key in keys {
        let Some(Value::String(text)) = object.get_mut(*key) else { continue };
        match catalogue.say(text) {
            Some(said) => {
                *text = said;
                spoken.any = true;
            }
            None => spoken.all = false,
        }
    }
}

/// The layer around every function: a [`Problem`] leaves in the language of the request.
pub(crate) async fn in_the_callers_language(request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    translated(next.run(request).await, language)
}

/// An answer as it is, or the problem that it tells in this language.
pub(crate) fn translated(response: Response, language: Language) -> Response {
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let Value::Object(mut body) = problem.body() else { return response };
    let spoken = translate(&mut body, language);
    let (mut parts, mut content) = response.into_parts();
    spoken.tell(&mut parts.headers);
    // An English body leaves as it was written.
    if spoken.any {
        parts.headers.remove(header::CONTENT_LENGTH);
        content = Json(body).into_response().into_body();
    }
    Response::from_parts(parts, content)
}
