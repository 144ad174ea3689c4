//! Which function answers: the template's routes, with API Gateway's precedence.
//!
//! axum's own matcher refuses `/trees/{id}` beside `/trees/{*rest}`, which the template has, so this is ours.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::template::{Route, RouteMethod, Template};

/// One segment of a route's path.
#[derive(Debug)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

#[derive(Debug)]
struct Entry {
    function: String,
    route: Route,
    segments: Vec<Segment>,
}

/// What [`Matcher::find`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// This function answers.
    Matched(Matched<'a>),
    /// The address exists, but not for this method.
    MethodNotAllowed {
        /// The methods it exists for, sorted, for the `Allow` header.
        allow: Vec<String>,
    },
    /// There is nothing at this address.
    NotFound,
}

/// A function and the route that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The route as the template has it.
    pub route: &'a Route,
    /// The path's parameters, percent-decoded; a greedy one is the rest of the path as it came.
    pub params: Vec<(&'a str, String)>,
}

/// The routes of a template, in the order they are tried.
#[derive(Debug)]
pub struct Matcher {
    entries: Vec<Entry>,
}

impl Matcher {
    /// The routes of all functions of `template`.
    pub fn new(template: &Template) -> Self {
        let mut entries: Vec<Entry> = template
            .functions
            .iter()
            .flat_map(|function| function.routes.iter().map(|route| (function.name.clone(), route.clone())))
            .map(|(function, route)| Entry { function, segments: segments(&route.path), route })
            .collect();
        // Literal before parameter before greedy, segment by segment from the left; then a named method before
        // ANY. The first that matches is then the right one.
        entries.sort_by_cached_key(|entry| {
            let kinds: Vec<u8> = entry.segments.iter().map(kind).collect();
            (kinds, entry.route.method == RouteMethod::Any)
        });
        Self { entries }
    }

    /// The function for `method` on `path`, which has no query and is in canonical form. HEAD is served where GET is.
    pub fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Some(parts) = split(path) else { return Found::NotFound };
        let mut allow = Vec::new();
        for entry in &self.entries {
            let Some(params) = match_path(&entry.segments, &parts) else { continue };
            if entry.route.method.takes(method) {
                return Found::Matched(Matched { function: &entry.function, route: &entry.route, params });
            }
            if let RouteMethod::Named(named) = &entry.route.method {
                allow.push(named.to_string());
                if *named == Method::GET {
                    allow.push(Method::HEAD.to_string());
                }
            }
        }
        if allow.is_empty() {
            return Found::NotFound;
        }
        allow.sort();
        allow.dedup();
        Found::MethodNotAllowed { allow }
    }
}

/// Lower comes first.
fn kind(segment: &Segment) -> u8 {
    match segment {
        Segment::Literal(_) => 0,
        Segment::Parameter(_) => 1,
        Segment::Greedy(_) => 2,
    }
}

fn segments(path: &str) -> Vec<Segment> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Segment::Greedy(name.to_owned()),
                None => Segment::Parameter(name.to_owned()),
            },
            None => Segment::Literal(segment.to_owned()),
        })
        .collect()
}

/// The path's segments, each as it came and decoded. None if one is empty, a dot segment, or not UTF-8: such a
/// path means different things to different readers, so it means nothing here.
fn split(path: &str) -> Option<Vec<(&str, String)>> {
    path.strip_prefix('/')?
        .split('/')
        .map(|raw| {
            // An encoded slash is decoded after splitting, so it stays within its segment.
            let decoded = percent_decode_str(raw).decode_utf8().ok()?.into_owned();
            let usable = !matches!(decoded.as_str(), "" | "." | "..") && !decoded.contains('\0');
            usable.then_some((raw, decoded))
        })
        .collect()
}

fn match_path<'a>(pattern: &'a [Segment], parts: &[(&str, String)]) -> Option<Vec<(&'a str, String)>> {
    let mut params = Vec::new();
    for (index, segment) in pattern.iter().enumerate() {
        let (_, decoded) = parts.get(index)?;
        match segment {
            Segment::Literal(literal) if literal == decoded => {}
            Segment::Literal(_) => return None,
            Segment::Parameter(name) => params.push((name.as_str(), decoded.clone())),
            Segment::Greedy(name) => {
                let rest: Vec<&str> = parts.get(index..)?.iter().map(|(raw, _)| *raw).collect();
                params.push((name.as_str(), rest.join("/")));
                return Some(params);
            }
        }
    }
    (pattern.len() == parts.len()).then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Function, Template};

    fn matcher(routes: &[(&str, &str, &str)]) -> Matcher {
        let mut template = Template::default();
        for (name, method, path) in routes {
            let method = match *method {
                "ANY" => RouteMethod::Any,
                named => RouteMethod::Named(named.parse().unwrap()),
            };
            let route = Route { method, path: (*path).to_owned() };
            template.functions.push(Function { routes: vec![route], ..Function::named(*name) });
        }
        Matcher::new(&template)
    }

    fn function<'a>(matcher: &'a Matcher, method: &str, path: &str) -> &'a str {
        match matcher.find(&method.parse().unwrap(), path) {
            Found::Matched(found) => found.function,
            Found::MethodNotAllowed { .. } => "405",
            Found::NotFound => "404",
        }
    }

    #[test]
    fn the_more_specific_route_wins_whatever_the_order() {
        let mut routes = vec![
            ("greedy", "ANY", "/t/{proxy+}"),
            ("bare", "ANY", "/t"),
            ("param", "ANY", "/t/{id}"),
            ("exact", "ANY", "/t/mine"),
            ("below", "ANY", "/t/{id}/p"),
            ("below-greedy", "ANY", "/t/{id}/p/{proxy+}"),
            ("get", "GET", "/t/{id}/p"),
            ("mine-greedy", "ANY", "/t/mine/{proxy+}"),
        ];
        for _ in 0..routes.len() {
            routes.rotate_left(1);
            let m = matcher(&routes);
            for (method, path, expected) in [
                ("GET", "/t", "bare"),
                ("GET", "/t/mine", "exact"),
                ("GET", "/t/1", "param"),
                ("GET", "/t/1/x", "greedy"),
                ("GET", "/t/1/p", "get"),
                ("HEAD", "/t/1/p", "get"),
                ("POST", "/t/1/p", "below"),
                ("GET", "/t/1/p/2/3", "below-greedy"),
                ("GET", "/t/mine/p", "mine-greedy"),
                ("GET", "/x", "404"),
                ("GET", "/", "404"),
                ("GET", "/t/", "404"),
            ] {
                assert_eq!(function(&m, method, path), expected, "{method} {path}");
            }
        }
    }

    #[test]
    fn a_route_without_the_method_yields_to_a_wider_one_and_else_names_what_it_takes() {
        let m = matcher(&[("a", "POST", "/x/{id}"), ("a", "GET", "/x/{id}"), ("b", "DELETE", "/x/{proxy+}")]);
        assert_eq!(function(&m, "DELETE", "/x/1"), "b");
        let allow = ["DELETE", "GET", "HEAD", "POST"].map(str::to_owned).to_vec();
        assert_eq!(m.find(&Method::PUT, "/x/1"), Found::MethodNotAllowed { allow });
    }

    #[test]
    fn encoded_bytes_are_compared_decoded_and_an_encoded_slash_stays_inside() {
        let m = matcher(&[("p", "ANY", "/t/{id}/p"), ("g", "ANY", "/t/{proxy+}")]);
        let Found::Matched(found) = m.find(&Method::GET, "/%74/a%2Fp/p") else { panic!("no match") };
        assert_eq!((found.function, found.params), ("p", vec![("id", "a/p".to_owned())]));
        let Found::Matched(found) = m.find(&Method::GET, "/t/a%2Fp") else { panic!("no match") };
        assert_eq!((found.function, found.params), ("g", vec![("proxy", "a%2Fp".to_owned())]));
    }

    #[test]
    fn paths_that_mean_different_things_to_different_readers_match_nothing() {
        let m = matcher(&[("g", "ANY", "/t/{proxy+}")]);
        for path in
            ["/t//x", "/t/../x", "/t/%2e%2E/x", "/t/./x", "/t/%2e", "/t/%ff", "/t/x%00", "t/x", "/t/x/"]
        {
            assert_eq!(function(&m, "GET", path), "404", "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_matches_is_never_outside_its_prefix(path in "(/([a-z]{1,3}|\\.{1,2}|%2[eEfF]|)){0,6}") {
            let m = matcher(&[("g", "ANY", "/t/{proxy+}"), ("p", "GET", "/t/{a}/{b}")]);
            if let Found::Matched(found) = m.find(&Method::GET, &path) {
                proptest::prop_assert!(path.starts_with("/t/"));
                for (_, value) in found.params {
                    proptest::prop_assert!(!value.split('/').any(|part| part == ".."), "{value}");
                }
            }
        }
    }
}
