//! The questions of who is whose kin.

use std::time::Duration;

use super::http::request;
use super::load::{Limit, measure};
use super::scenes::Site;
use crate::shell::say;

impl Site<'_> {
    /// The first question after a start, which has the graph built. Nothing may have warmed it up.
    pub fn first_kin(&mut self) {
        let path = format!("/api/persons/{}/relationship/{}", self.deep, self.cousin);
        let request = request("GET", &path, &self.token, None);
        let once = Limit { requests: 1, time: Duration::from_secs(30) };
        let cell = measure(self.server, "nearest relation, cold", 1, once, &|_| request.clone());
        say(&super::report::line(&cell));
        self.cells.push(cell);
    }

    /// Warm: by one client and by many.
    pub fn kin(&mut self) {
        for generations in [5, 10] {
            let path = format!("/api/persons/{}/ancestors?generations={generations}", self.deep);
            self.get(&format!("ancestors, {generations} generations"), &|_| path.clone());
        }
        let ids = self.ids.clone();
        let one = |number: u64, step: usize| ids[(number as usize * step + step) % ids.len()].clone();
        let random =
            move |number: u64| format!("/api/persons/{}/relationship/{}", one(number, 7), one(number, 331));
        self.get("nearest relation, random pairs", &random);
        let pair = format!("/api/persons/{}/relationship/{}", self.deep, self.cousin);
        self.get("the same with coefficients", &|_| format!("{pair}?coefficients=true"));
        self.get("paths of deep cousins, a page", &|_| format!("{pair}/paths"));
        let relatives = format!("/api/persons/{}/relatives?degrees=8&lang=sn", self.deep);
        self.get("relatives within 8 degrees", &|_| relatives.clone());
    }

    /// Everybody: a few times, by one client.
    pub fn all_kin(&mut self) {
        let limit = Limit { requests: 10, time: Duration::from_secs(30) };
        let all = |who: &str, which: &str| format!("/api/persons/{who}/{which}/all");
        for (name, path) in [
            ("ancestors, all", all(&self.deep, "ancestors")),
            ("descendants of a founder, all", all(&self.founder, "descendants")),
            ("loops and doubtful links", format!("/api/family-trees/{}/kinship/problems", self.tree)),
        ] {
            let request = request("GET", &path, &self.token, None);
            self.cell(name, 1, limit, &|_| request.clone());
        }
        let path = format!("/api/family-trees/{}/kinship/consanguinity", self.tree);
        let request = request("GET", &path, &self.token, None);
        let once = Limit { requests: 1, time: Duration::from_mins(1) };
        let cell = measure(self.server, "consanguinity of everyone", 1, once, &|_| request.clone());
        say(&super::report::line(&cell));
        self.cells.push(cell);
    }
}
