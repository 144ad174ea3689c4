//! What is written down twice is the same: the template, the description of the API, the functions and the gateway.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::Router;
use axum::body::Body;
use dzinza_domain::import::JOBS_QUEUE;
use dzinza_ports::Message;
use dzinza_runner::matcher::{Found, Matched, Matcher};
use dzinza_runner::platform::Platform;
use dzinza_runner::template::Template;
use dzinza_tests::{Client, PUBLIC_OPERATIONS, Server};
use dzinza_web::operations;
use http::{Method, Request, StatusCode};
use tempfile::TempDir;
use tower::ServiceExt as _;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn platform() -> (TempDir, Platform) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let platform = Platform::open(&Server::settings(&data), &data).unwrap();
    (folder, platform)
}

/// A path that the operation takes.
fn example(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn matched<'m>(matcher: &'m Matcher, method: &str, path: &str) -> Matched<'m> {
    match matcher.find(&method.parse().unwrap(), &example(path)) {
        Found::Matched(found) => found,
        other => panic!("{method} {path}: {other:?}"),
    }
}

#[tokio::test]
async fn every_operation_reaches_the_function_that_has_it_and_no_other_has_it() {
    let (_folder, platform) = platform();
    let functions = platform.functions();
    let matcher = Matcher::new(&Template::load(None).unwrap());
    for (method, path, _) in operations(&functions.openapi) {
        let own = matched(&matcher, &method, &path).function;
        for (name, router) in &functions.routers {
            let answer = ask(router, &method, &example(&path)).await;
            let has_it = !matches!(answer, (StatusCode::METHOD_NOT_ALLOWED, _))
                && !answer.1.contains("nothing at this address");
            assert_eq!(
                has_it,
                *name == own,
                "{method} {path}: the template leads to {own}, {name} answers {answer:?}"
            );
        }
    }
}

async fn ask(router: &Router, method: &str, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn every_route_of_the_template_has_an_operation_behind_it() {
    let (_folder, platform) = platform();
    let template = Template::load(None).unwrap();
    let matcher = Matcher::new(&template);
    let all = operations(&platform.functions().openapi);
    let reached: BTreeSet<String> = all
        .iter()
        .map(|(method, path, _)| matched(&matcher, method, path))
        .map(|found| format!("{} {}", found.function, found.route))
        .collect();
    for function in &template.functions {
        for route in &function.routes {
            let route = format!("{} {route}", function.name);
            assert!(reached.contains(&route), "nothing is behind {route}");
        }
    }
}

#[tokio::test]
async fn the_functions_of_the_template_are_the_folders_and_what_is_linked() {
    let (_folder, platform) = platform();
    let template = Template::load(None).unwrap();
    let named: BTreeSet<String> = template.functions.iter().map(|function| function.name.clone()).collect();
    let folders = Path::new(ROOT).join("functions").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let crates = folders.filter(|path| path.join("Cargo.toml").is_file());
    let folders: BTreeSet<String> =
        crates.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(named, folders);
    let mut linked: BTreeSet<String> =
        platform.functions().routers.iter().map(|(name, _)| (*name).to_owned()).collect();
    linked.insert("jobs".to_owned());
    assert_eq!(named, linked);
    for function in &template.functions {
        assert_eq!(function.routes.is_empty(), function.name == "jobs", "{}", function.name);
    }
    let jobs = template.function("jobs").unwrap();
    assert_eq!(jobs.queues.iter().map(|queue| queue.queue.as_str()).collect::<Vec<_>>(), [JOBS_QUEUE]);
}

#[tokio::test]
async fn health_can_be_asked_for_where_no_gateway_of_ours_stands() {
    let (_folder, platform) = platform();
    let matcher = Matcher::new(&Template::load(None).unwrap());
    for path in ["/api/auth/health", "/api/auth/health/live"] {
        let own = matched(&matcher, "GET", path).function;
        let functions = platform.functions();
        let (_, router) = functions.routers.iter().find(|(name, _)| *name == own).unwrap();
        let (status, text) = ask(router, "GET", path).await;
        assert!(status == StatusCode::OK && text.contains("auth-service"), "{path}: {status} {text}");
    }
}

#[tokio::test]
async fn every_schedule_asks_for_a_job_that_its_function_knows() {
    let (_folder, platform) = platform();
    let ports = platform.jobs_ports();
    let asked = |body: serde_json::Value| async {
        let message = Message { id: "1".to_owned(), receipt: "1".to_owned(), body, attempts: 1 };
        dzinza_jobs::handle(&ports, vec![message]).await.is_empty()
    };
    assert!(!asked(serde_json::json!({ "job": "nobody-knows-it" })).await);
    let mut schedules = 0;
    for function in Template::load(None).unwrap().functions {
        for schedule in function.schedules {
            assert_eq!(function.name, "jobs", "{}", schedule.name);
            assert!(asked(schedule.input).await, "{}", schedule.name);
            schedules += 1;
        }
    }
    assert!(schedules > 0);
}

#[test]
fn the_packages_and_programs_are_called_as_the_template_builds_them() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("template.yaml")).unwrap();
    for function in Template::load(None).unwrap().functions {
        let name = &function.name;
        // Where `cargo xtask package` puts the program.
        let built = format!("CodeUri: target/lambda/{name}.zip\n");
        assert!(text.contains(&built), "{built}");
        let folder = Path::new(ROOT).join("functions").join(name);
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("name = \"dzinza-{name}\"")), "{name}");
        assert!(manifest.contains(&format!("[[bin]]\nname = \"{name}\"")), "{name}");
        let program = std::fs::read_to_string(folder.join("src/main.rs")).unwrap();
        assert!(program.lines().count() <= 20, "{name}");
        assert!(program.contains(&format!("(\"{name}\", dzinza_{name}::boot::")), "{name}");
    }
}

/// `cargo lambda watch` leads where API Gateway does. Its matcher knows `{proxy+}` as `{*proxy}`, but not beside a parameter
/// in the same place: there the table has each address.
#[tokio::test]
async fn cargo_lambda_watches_the_routes_of_the_template() {
    let manifest = std::fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let (_, table) = manifest.split_once("[workspace.metadata.lambda.watch.router]\n").unwrap();
    let watched: BTreeSet<&str> = table.lines().take_while(|line| line.starts_with('"')).collect();
    let (_folder, platform) = platform();
    let template = Template::load(None).unwrap();
    let routes: Vec<_> = template.functions.iter().flat_map(|function| &function.routes).collect();
    let stands_beside_a_parameter = |path: &str| {
        let before = path.strip_suffix("{proxy+}");
        before.is_some_and(|before| {
            routes.iter().any(|other| other.path != path && other.path.starts_with(&format!("{before}{{")))
        })
    };
    let matcher = Matcher::new(&template);
    let mut expected = BTreeSet::new();
    for (method, path, _) in operations(&platform.functions().openapi) {
        let found = matched(&matcher, &method, &path);
        let each = stands_beside_a_parameter(&found.route.path);
        let route = if each { path } else { found.route.path.clone() };
        expected.insert(format!("\"{}\" = \"{}\"", watched_form(&route), found.function));
    }
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    assert_eq!(
        watched,
        expected,
        "the table should be:\n{}",
        expected.iter().copied().collect::<Vec<_>>().join("\n")
    );
}

/// Parameters in one place must have one name.
fn watched_form(path: &str) -> String {
    let part = |(place, part): (usize, &str)| match part {
        "{proxy+}" => "{*rest}".to_owned(),
        part if part.starts_with('{') => format!("{{p{place}}}"),
        part => part.to_owned(),
    };
    path.split('/').enumerate().map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn the_served_description_is_that_of_the_functions() {
    let (_folder, platform) = platform();
    let described = operations(&platform.functions().openapi);
    let public: BTreeSet<String> = described
        .iter()
        .filter(|(_, _, public)| *public)
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(public.iter().map(String::as_str).collect::<Vec<_>>(), PUBLIC_OPERATIONS);
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    let served = nobody.get("/api/docs/openapi.json").await.ok(200);
    assert_eq!(serde_json::to_value(&platform.functions().openapi).unwrap(), served);
    for path in ["/api/openapi.json", "/api/v1/openapi.json"] {
        assert_eq!(nobody.get(path).await.ok(200), served);
    }
    server.stop().await;
}

#[tokio::test]
async fn every_operation_says_what_it_is_and_whom_it_refuses() {
    let server = Server::start().await;
    let served = Client::anonymous(&server).get("/api/docs/openapi.json").await.ok(200);
    let mut ids = BTreeMap::new();
    for (path, item) in served["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            let text = |key: &str| operation[key].as_str().unwrap_or_default();
            assert!(!text("summary").is_empty(), "{name} has no summary");
            assert!(
                ids.insert(text("operationId").to_owned(), name.clone()).is_none(),
                "{name}: {} is taken",
                text("operationId")
            );
            let public = PUBLIC_OPERATIONS.contains(&name.as_str());
            let responses = operation["responses"].as_object().unwrap();
            assert!(public || responses.contains_key("401"), "{name} does not tell of 401");
            let codes = responses.keys().all(|code| !matches!(code.as_str(), "422" | "500" | "default"));
            assert!(codes, "{name}: {responses:?}");
            let named = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut in_path: Vec<&str> = named
                .iter()
                .filter(|one| one["in"] == "path")
                .filter_map(|one| one["name"].as_str())
                .collect();
            let mut wanted: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            in_path.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(in_path, wanted, "{name}");
        }
    }
    server.stop().await;
}

/// What AWS is told of CORS is what the gateway does.
#[tokio::test]
async fn the_template_and_the_gateway_answer_browsers_alike() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("template.yaml")).unwrap();
    let (_, cors) = text.split_once("CorsConfiguration:").unwrap();
    let (cors, _) = cors.split_once("MaxAge: 600").expect("ten minutes");
    let list = |from: &str, to: &str| -> BTreeSet<String> {
        let (_, rest) = cors.split_once(from).unwrap();
        let rest = if to.is_empty() { rest } else { rest.split_once(to).unwrap().0 };
        let words = rest.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|word| word.len() > 1);
        words.map(str::to_lowercase).collect()
    };
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    let asked = nobody.request(Method::OPTIONS, "/api/persons").header("origin", "http://localhost:5173");
    let asked = nobody.send(asked.header("access-control-request-method", "PUT")).await;
    let read = nobody
        .send(nobody.request(Method::GET, "/api/persons").header("origin", "http://localhost:5173"))
        .await;
    let said = |value: Option<&str>| -> BTreeSet<String> {
        value.unwrap_or_default().split(',').map(|word| word.trim().to_lowercase()).collect()
    };
    assert_eq!(said(asked.header("access-control-allow-methods")), list("AllowMethods:", "AllowHeaders:"));
    assert_eq!(said(asked.header("access-control-allow-headers")), list("AllowHeaders:", "ExposeHeaders:"));
    assert_eq!(asked.header("access-control-max-age"), Some("600"));
    assert_eq!(said(read.header("access-control-expose-headers")), list("ExposeHeaders:", ""));
    server.stop().await;
}

/// Every word that leads to a resource under one name leads there under the others (contract: genealogy 0.1).
#[tokio::test]
async fn every_operation_answers_under_every_form_of_its_address() {
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    let (_folder, platform) = platform();
    for (method, path, public) in operations(&platform.functions().openapi) {
        let rest = example(&path).trim_start_matches("/api").to_owned();
        let mut forms = vec![
            format!("/api{rest}"),
            format!("/api{rest}/"),
            format!("/v1{rest}"),
            format!("/api/v1{rest}/"),
        ];
        if !rest.starts_with("/auth") && !rest.starts_with("/users") && !rest.starts_with("/genealogy") {
            forms.extend([format!("/api/genealogy{rest}"), format!("/v1/genealogy{rest}/")]);
        }
        for (old, new) in [("/family-trees", "/trees"), ("/persons", "/people")] {
            forms.extend(rest.strip_prefix(old).map(|below| format!("/api{new}{below}")));
        }
        let mut answers = BTreeSet::new();
        for form in forms {
            let answer = nobody.send(nobody.request(method.parse().unwrap(), &form)).await;
            assert!(public || answer.status == 401, "{method} {form}: {}", answer.text());
            answers.insert((answer.status, answer.body["message"].as_str().map(str::to_owned)));
        }
        assert_eq!(answers.len(), 1, "{method} {path}: {answers:?}");
    }
    server.stop().await;
}
