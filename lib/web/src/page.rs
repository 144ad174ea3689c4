use serde::Serialize;
use serde_json::{Value, json};

use crate::{Problem, QueryParams};

/// Pages beyond this are refused: nobody reads them, and offsets cost time.
const MAX_OFFSET: u64 = 10_000_000;

/// Which page a caller wants (contract 0.5: `page` and `limit`, or `skip`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Number of the page, from 1.
    pub page: u64,
    /// Entries a page.
    pub limit: u32,
    /// Entries to pass over.
    pub skip: u64,
}

/// How the pages of a list may be asked for.
#[derive(Debug, Clone, Copy)]
pub struct PageQuery {
    /// Entries a page when the caller does not say.
    pub default: u32,
    /// Entries a page at most.
    pub max: u32,
}

impl PageQuery {
    /// Reads `page`, `limit` and `skip`.
    ///
    /// # Errors
    /// 400 naming the parameter that is out of range.
    pub fn read(self, query: &QueryParams) -> Result<Page, Problem> {
        let limit =
            query.number(&["limit", "pageSize"], 1..=u64::from(self.max))?.unwrap_or(u64::from(self.default));
        let skip = query.number(&["skip"], 0..=MAX_OFFSET)?;
        let page = query.number(&["page"], 1..=MAX_OFFSET / limit)?;
        let skip = page.map_or(skip.unwrap_or(0), |page| (page - 1) * limit);
        Ok(Page { page: skip / limit + 1, limit: limit as u32, skip })
    }
}

/// A page of a list, as every list answers (contract 0.5).
#[derive(Debug, Clone, Serialize)]
pub struct Paged {
    /// The superset of all pagination dialects.
    pub pagination: Value,
    /// Entries in all.
    pub total: u64,
}

impl Paged {
    /// The pagination object of this page.
    pub fn new(page: Page, total: u64) -> Self {
        let pages = total.div_ceil(u64::from(page.limit));
        let pagination = json!({
            "page": page.page, "limit": page.limit, "total": total, "totalItems": total,
            "pages": pages, "totalPages": pages,
        });
        Self { pagination, total }
    }

    /// The list under each of these keys, with `pagination` and `total`.
    pub fn body(&self, keys: &[&str], entries: Vec<Value>) -> Value {
        let mut body = json!({ "pagination": self.pagination, "total": self.total });
        let entries = Value::Array(entries);
        for key in keys {
            body[*key] = entries.clone();
        }
        body
    }
}
