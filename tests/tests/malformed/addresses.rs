use dzinza_tests::error_body_ok;

use crate::house::{Case, House};

/// Ids of nothing, in every spelling that could be taken for something.
const IDS: &[&str] = &[
    "nobody",
    "0",
    "-1",
    "null",
    "undefined",
    "%20",
    "a%2Fb",
    "..%2F{child}",
    "%2e%2e",
    "%2e%2e%2f{child}",
    ".",
    "..",
    "a%00b",
    "%00",
    "{child}%00",
    "{child}%20",
    "{child}%0a",
    "%0d%0aSet-Cookie:x=1",
    "%ff",
    "%c0%ae",
    "%zz",
    "%",
    "%e9",
    "%F0%9F%98%80",
    "caf%C3%A9",
    "<x*201>",
    "<x*8000>",
    "<%2F*2000>",
    "'%20OR%201=1--",
    "%22%7D",
    "*",
    "$ne",
    "{child};x",
    "{child}%3Bx",
    "__proto__",
    "{child},{other}",
];

#[tokio::test]
async fn an_id_of_nothing_is_not_found_however_it_is_written() {
    let house = House::new().await;
    let shapes = [
        "GET /api/persons/ID",
        "GET /api/persons/ID/history",
        "GET /api/persons/{child}/history/ID",
        "GET /api/persons/ID/ancestors",
        "DELETE /api/persons/ID",
        "GET /api/genealogy/members/ID",
        "GET /api/family-trees/ID/persons",
        "GET /api/family-trees/{tree}/persons/ID",
        "GET /api/family-trees/ID/export/gedcom",
        "GET /api/family-trees/{tree}/imports/ID",
        "DELETE /api/family-trees/{tree}/imports/ID",
        "GET /api/relationships/ID",
        "DELETE /api/relationships/ID",
        "PATCH /api/notifications/ID/read",
    ];
    let targets: Vec<String> =
        shapes.iter().flat_map(|shape| IDS.iter().map(|id| shape.replace("ID", id))).collect();
    let cases = targets.iter().map(|target| Case { target, headers: &[], body: b"", status: 404, field: "" });
    house.check(&cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn an_address_that_is_none_is_told_so() {
    let house = House::new().await;
    let paths = [
        "/api",
        "/api/",
        "/api/nothing",
        "/v1",
        "/v1/v1",
        "/api/v2/persons",
        "/api/genealogy",
        "/api/genealogy/nothing",
        "/api/auth",
        "/api/auth/",
        "/api/auth/admin",
        "/api/persons/{child}/nothing",
        "/api/family-trees/{tree}/nothing",
        "/api//persons",
        "/api/persons//{child}",
        "/api/./persons",
        "/api/auth/../persons",
        "/api/%61uth%2Fme",
        "/blobs",
        "/blobs/",
        "/blobs/x",
        "/blobs/%00",
        "/blobs/..%2Fsecrets%2Fjwt",
        "/blobs/../secrets/jwt",
        "/metrics/x",
        "/health/x",
        "/index.html",
        "/api/docs/nothing",
        "/API/PERSONS",
        "/dzinza.db",
        "/.env",
    ];
    let targets: Vec<String> = paths.iter().map(|path| format!("GET {path}")).collect();
    let cases = targets.iter().map(|target| Case { target, headers: &[], body: b"", status: 404, field: "" });
    house.check(&cases.collect::<Vec<_>>()).await;
}

/// Path and query, the parameter at fault.
const QUERIES: &[(&str, &str)] = &[
    ("/api/persons", "familyTreeId"),
    ("/api/persons?familyTreeId=", "familyTreeId"),
    ("/api/relationships", "familyTreeId"),
    ("/api/persons/search", "name"),
    ("/api/persons/search?name=a", "name"),
    ("/api/persons/search?name=%20%20%20", "name"),
    ("/api/persons/search?name=abc&limit=0", "limit"),
    ("/api/persons/search?name=abc&limit=101", "limit"),
    ("/api/persons?familyTreeId={tree}&page=0", "page"),
    ("/api/persons?familyTreeId={tree}&page=-1", "page"),
    ("/api/persons?familyTreeId={tree}&page=1.5", "page"),
    ("/api/persons?familyTreeId={tree}&page=one", "page"),
    ("/api/persons?familyTreeId={tree}&page=%D9%A1", "page"),
    ("/api/persons?familyTreeId={tree}&page=0x10", "page"),
    ("/api/persons?familyTreeId={tree}&page=1e3", "page"),
    ("/api/persons?familyTreeId={tree}&page=99999999999999999999", "page"),
    ("/api/persons?familyTreeId={tree}&page=18446744073709551615", "page"),
    ("/api/persons?familyTreeId={tree}&page=100000000", "page"),
    ("/api/persons?familyTreeId={tree}&limit=0", "limit"),
    ("/api/persons?familyTreeId={tree}&limit=-5", "limit"),
    ("/api/persons?familyTreeId={tree}&limit=201", "limit"),
    ("/api/persons?familyTreeId={tree}&limit=4294967297", "limit"),
    ("/api/persons?familyTreeId={tree}&skip=-1", "skip"),
    ("/api/persons?familyTreeId={tree}&skip=99999999999", "skip"),
    ("/api/persons?familyTreeId={tree}&sortBy=password", "sortBy"),
    ("/api/persons?familyTreeId={tree}&sortBy=name;drop", "sortBy"),
    ("/api/persons?familyTreeId={tree}&sortOrder=up", "sortOrder"),
    ("/api/persons?familyTreeId={tree}&search=a%00b", "query"),
    ("/api/persons?familyTreeId={tree}&x=<y*9000>", "query"),
    ("/api/persons?familyTreeId={tree}&search=a+b+c+d+e+f+g+h+i+j+k", "search"),
    ("/api/family-trees?limit=101", "limit"),
    ("/api/family-trees?page=x", "page"),
    ("/api/family-trees/{tree}/imports?limit=1000", "limit"),
    ("/api/family-trees/{tree}/relationships?page=0", "page"),
    ("/api/persons/{child}/history?limit=0", "limit"),
    ("/api/persons/{child}/relationships?limit=x", "limit"),
    ("/api/persons/{child}/ancestors?generations=0", "generations"),
    ("/api/persons/{child}/ancestors?generations=11", "generations"),
    ("/api/persons/{child}/descendants?generations=many", "generations"),
    ("/api/notifications?isRead=maybe", "isRead"),
    ("/api/notifications?limit=101", "limit"),
    ("/api/notifications?sortBy=title", "sortBy"),
    ("/api/notifications?sortOrder=sideways", "sortOrder"),
];

#[tokio::test]
async fn a_parameter_out_of_range_is_named() {
    let house = House::new().await;
    let mut targets: Vec<(String, &str)> =
        QUERIES.iter().map(|(path, field)| (format!("GET {path}"), *field)).collect();
    targets.push(("DELETE /api/notifications/all?only_read=2".to_owned(), "only_read"));
    let cases =
        targets.iter().map(|(target, field)| Case { target, headers: &[], body: b"", status: 400, field });
    house.check(&cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn a_query_that_names_no_tree_of_mine_finds_nothing() {
    let house = House::new().await;
    let mut targets = Vec::new();
    for id in [
        "nowhere",
        "%00x",
        "a%2Fb",
        "{tree}x",
        "%ff",
        "%F0%9F%98%80",
        "<x*300>",
        "{tree}%20x",
        "['{tree}']",
        "$gt",
    ] {
        for path in [
            "/api/persons?familyTreeId=",
            "/api/genealogy/family-tree?treeId=",
            "/api/relationships?treeId=",
            "/api/persons/search?name=abc&tree_id=",
        ] {
            targets.push((
                format!("GET {path}{id}"),
                if id.contains("%00") { (400, "query") } else { (404, "") },
            ));
        }
    }
    let cases = targets.iter().map(|(target, (status, field))| Case {
        target,
        headers: &[],
        body: b"",
        status: *status,
        field,
    });
    house.check(&cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn what_is_odd_but_means_something_is_served() {
    let house = House::new().await;
    for path in [
        "/api/persons?familyTreeId={tree}&search=%zz%",
        "/api/persons?familyTreeId={tree}&search=%ff",
        "/api/persons?familyTreeId={tree}&search=%25_*?",
        "/api/persons?familyTreeId={tree}&search=%F0%9F%98%80",
        "/api/persons?familyTreeId={tree}&&&=&x",
        "/api/persons?familyTreeId={tree}&familyTreeId=other",
        "/api/persons?familyTreeId={tree}&page=",
        "/api/persons?familyTreeId={tree}&page=%2B1",
        "/api/persons?familyTreeId={tree}&search=<a%20*10>",
        "/api/persons?familyTreeId={tree}&search='%3B%20DROP%20TABLE%20people%3B--",
        "/api/persons/%7Bchild%7D?x",
        "/%61pi/persons?familyTreeId={tree}",
    ] {
        let case = Case { target: &format!("GET {path}"), headers: &[], body: b"", status: 200, field: "" };
        let answer = house.server.raw(&house.request(&case)).await;
        assert!(answer.status < 500, "{path}: {}", answer.text());
        if answer.status >= 400 {
            error_body_ok(&answer.body, answer.status);
        }
        assert!(
            answer.status == 200 || path.contains("%7B") || path.contains("%61"),
            "{path}: {}",
            answer.text()
        );
    }
    house.check(&[]).await;
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_refused() {
    let house = House::new().await;
    let targets = [
        "PATCH /api/genealogy/members",
        "GET /api/genealogy/members",
        "DELETE /api/genealogy/family-tree",
        "POST /api/genealogy/test",
        "PUT /api/family-trees",
        "POST /api/persons/{child}",
        "PATCH /api/persons/{child}",
        "DELETE /api/persons",
        "GET /api/persons/{child}/revert",
        "POST /api/persons/search",
        "GET /api/auth/login",
        "DELETE /api/auth/register",
        "PUT /api/auth/refresh",
        "POST /api/auth/me",
        "DELETE /api/notifications",
        "POST /api/notifications",
        "TRACE /api/persons",
        "PROPFIND /api/persons",
        "X /api/persons",
        "get /api/persons",
        "POST /health",
        "DELETE /api/docs",
        "PUT /metrics",
    ];
    let cases = targets.map(|target| Case { target, headers: &[], body: b"", status: 405, field: "" });
    house.check(&cases).await;
    for case in &cases {
        let answer = house.server.raw(&house.request(case)).await;
        assert!(
            answer.header("allow").is_some_and(|allow| !allow.is_empty()),
            "{} does not say what it takes",
            case.target
        );
    }
}
