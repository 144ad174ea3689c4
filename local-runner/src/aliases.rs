//! The many addresses the frontend's generations use, made one (contract: auth-and-gateway 1.2, genealogy 0.1).

use std::borrow::Cow;

use http::Method;

/// Words that exist only below `genealogy`, and so keep it.
const ONLY_BELOW_GENEALOGY: [&str; 4] = ["family-tree", "members", "test", "health"];

/// What earlier versions called things of accounts, with all that is below (contract E10 to E16).
const OF_ACCOUNTS: [(&str, &str); 7] = [
    ("/auth/request-verification", "/auth/resend-verification"),
    ("/auth/request-email-verification", "/auth/resend-verification"),
    ("/auth/request-password-reset", "/auth/forgot-password"),
    ("/password/forgot-password", "/auth/forgot-password"),
    ("/password/reset-password", "/auth/reset-password"),
    ("/password/change", "/auth/change-password"),
    ("/password/validate", "/auth/password/validate"),
];

/// The canonical path of what a caller asked for: `/api/<group>/...` for every form of API address, and any
/// other path as it is. Never a redirect: one would turn a POST into a GET in some clients.
///
/// Percent-encoded bytes stay as they came, so the result is still a valid request target.
pub fn canonical<'a>(method: &Method, path: &'a str) -> Cow<'a, str> {
    let trimmed = path.trim_end_matches('/');
    // The page's interceptor posts here, at the root of the site. A GET is a page of the frontend.
    if trimmed == "/auth/refresh" && method == Method::POST {
        return Cow::Borrowed("/api/auth/refresh");
    }
    if matches!(trimmed, "/health" | "/health/live" | "/health/detailed" | "/metrics") {
        return Cow::Borrowed(trimmed);
    }
    let Some(rest) = below(trimmed, "api").or_else(|| below(trimmed, "v1")) else {
        return Cow::Borrowed(path);
    };
    let mut rest = rest;
    while let Some(inner) = below(rest, "v1").or_else(|| below_genealogy(rest)) {
        rest = inner;
    }
    resource(trimmed, rest)
}

/// The second factors of older versions, below `mfa` and not below `auth`.
const SECOND_FACTORS: [(&str, &str); 7] = [
    ("/mfa/backup-codes", "/api/auth/mfa/backup-codes/regenerate"),
    ("/mfa/disable", "/api/auth/mfa/disable"),
    ("/mfa/enable", "/api/auth/mfa/setup"),
    ("/mfa/enable-mfa-request", "/api/auth/mfa/setup"),
    ("/mfa/setup", "/api/auth/mfa/setup"),
    ("/mfa/verify-mfa-enable", "/api/auth/mfa/verify"),
    ("/mfa/verify-setup", "/api/auth/mfa/verify"),
];

/// What follows the first segment of `path`, if that is `segment`: empty, or with its leading slash.
fn below<'a>(path: &'a str, segment: &str) -> Option<&'a str> {
    let rest = path.strip_prefix('/')?.strip_prefix(segment)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// What follows a leading `genealogy` that says nothing.
fn below_genealogy(path: &str) -> Option<&str> {
    let inner = below(path, "genealogy")?;
    let word = inner.trim_start_matches('/').split('/').next().unwrap_or_default();
    (!word.is_empty() && !ONLY_BELOW_GENEALOGY.contains(&word)).then_some(inner)
}

/// The name of today, and what follows it.
fn of_accounts(rest: &str) -> Option<(&'static str, &str)> {
    OF_ACCOUNTS.iter().find_map(|(old, new)| {
        let inner = rest.strip_prefix(old)?;
        (inner.is_empty() || inner.starts_with('/')).then_some((*new, inner))
    })
}

/// `/api` and the resource's one name. `whole` is returned as it is where nothing changes.
fn resource<'a>(whole: &'a str, rest: &'a str) -> Cow<'a, str> {
    if let Some((_, name)) = SECOND_FACTORS.iter().find(|(old, _)| *old == rest) {
        return Cow::Borrowed(name);
    }
    // `/api/trees/health` asks for the function, not for a tree called "health".
    let of_function = rest.matches('/').count() == 2 && rest.ends_with("/health");
    let renamed = [("trees", "/family-trees"), ("people", "/persons")]
        .into_iter()
        .find_map(|(old, new)| below(rest, old).map(|inner| (new, inner)))
        .filter(|_| !of_function)
        .or_else(|| of_accounts(rest));
    let (name, rest) = renamed.unwrap_or(("", rest));
    if whole.len() == "/api".len() + rest.len() && name.is_empty() && whole.starts_with("/api") {
        return Cow::Borrowed(whole);
    }
    Cow::Owned(format!("/api{name}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the frontend and its proxies send, and what is meant.
    const TABLE: &[(&str, &str)] = &[
        ("/auth/login", "/api/auth/login"),
        ("/auth/refresh", "/api/auth/refresh"),
        ("/auth/profile", "/api/auth/profile"),
        ("/users/me", "/api/users/me"),
        ("/auth/mfa/setup", "/api/auth/mfa/setup"),
        ("/mfa/enable", "/api/auth/mfa/setup"),
        ("/mfa/enable-mfa-request", "/api/auth/mfa/setup"),
        ("/mfa/setup", "/api/auth/mfa/setup"),
        ("/mfa/verify-mfa-enable", "/api/auth/mfa/verify"),
        ("/mfa/verify-setup", "/api/auth/mfa/verify"),
        ("/mfa/disable", "/api/auth/mfa/disable"),
        ("/mfa/backup-codes", "/api/auth/mfa/backup-codes/regenerate"),
        // Told anybody whether a code of anybody's was right.
        ("/mfa/verify", "/api/mfa/verify"),
        ("/auth/request-verification", "/api/auth/resend-verification"),
        ("/auth/request-email-verification", "/api/auth/resend-verification"),
        ("/auth/request-password-reset", "/api/auth/forgot-password"),
        ("/auth/request-password-resets", "/api/auth/request-password-resets"),
        ("/password/forgot-password", "/api/auth/forgot-password"),
        ("/password/reset-password/abc", "/api/auth/reset-password/abc"),
        ("/password/change", "/api/auth/change-password"),
        ("/password/validate", "/api/auth/password/validate"),
        ("/password", "/api/password"),
        ("/family-trees", "/api/family-trees"),
        ("/trees", "/api/family-trees"),
        ("/trees/t1/persons", "/api/family-trees/t1/persons"),
        ("/persons", "/api/persons"),
        ("/people", "/api/persons"),
        ("/people/p1", "/api/persons/p1"),
        ("/relationships", "/api/relationships"),
        ("/notifications/mark-all-read", "/api/notifications/mark-all-read"),
        ("/genealogy/family-tree", "/api/genealogy/family-tree"),
        ("/genealogy/members", "/api/genealogy/members"),
        ("/genealogy/members/m1", "/api/genealogy/members/m1"),
        ("/genealogy/test", "/api/genealogy/test"),
        ("/genealogy/health", "/api/genealogy/health"),
        ("/genealogy/family-trees", "/api/family-trees"),
        ("/genealogy/trees/t1", "/api/family-trees/t1"),
        ("/genealogy/persons/p1", "/api/persons/p1"),
        ("/genealogy/people", "/api/persons"),
        ("/genealogy/relationships", "/api/relationships"),
        ("/genealogy/notifications", "/api/notifications"),
        ("/genealogy", "/api/genealogy"),
        ("/gateway/health", "/api/gateway/health"),
        ("/auth/health", "/api/auth/health"),
        ("/trees/health", "/api/trees/health"),
        ("/people/health", "/api/people/health"),
        ("/health", "/api/health"),
        ("/health/detailed", "/api/health/detailed"),
        ("/docs", "/api/docs"),
        ("/openapi.json", "/api/openapi.json"),
        ("/persons/a%2Fb%20c", "/api/persons/a%2Fb%20c"),
        ("/treesome/x", "/api/treesome/x"),
        ("/v10/x", "/api/v10/x"),
        ("", "/api"),
    ];

    #[test]
    fn every_form_of_an_address_is_one_address() {
        for (rest, expected) in TABLE {
            for prefix in ["/api", "/v1", "/api/v1", "/api/v1/v1", "/v1/v1"] {
                for slash in ["", "/", "//"] {
                    let path = format!("{prefix}{rest}{slash}");
                    for method in [Method::GET, Method::POST, Method::DELETE] {
                        assert_eq!(canonical(&method, &path), *expected, "{method} {path}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_a_post_to_auth_refresh_leaves_the_frontend() {
        assert_eq!(canonical(&Method::POST, "/auth/refresh"), "/api/auth/refresh");
        assert_eq!(canonical(&Method::POST, "/auth/refresh/"), "/api/auth/refresh");
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
            assert_eq!(canonical(&method, "/auth/refresh"), "/auth/refresh", "{method}");
        }
        assert_eq!(canonical(&Method::POST, "/auth/refresh/x"), "/auth/refresh/x");
    }

    #[test]
    fn pages_and_files_stay_what_they_are() {
        for path in
            ["/", "/trees/", "/apiary", "/v1beta", "/assets/x.js", "/blobs/a/", "/people", "/auth/login"]
        {
            assert_eq!(canonical(&Method::GET, path), path);
        }
        for (path, expected) in [("/health/", "/health"), ("/metrics/", "/metrics")] {
            assert_eq!(canonical(&Method::GET, path), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn the_canonical_form_is_its_own(path in "(/(api|v1|genealogy|trees|people|health|a%2F|x)){0,6}/{0,2}") {
            let once = canonical(&Method::GET, &path).into_owned();
            proptest::prop_assert_eq!(canonical(&Method::GET, &once).into_owned(), once.clone());
            proptest::prop_assert!(!path.starts_with("/api/") || once.starts_with("/api"));
        }
    }
}
