use dzinza_domain::store::Body;
use dzinza_domain::tree;
use serde_json::Value;

use crate::Filter;

/// The filter that leaves out what unfinished imports of this tree brought.
///
/// It is as of when the tree was read. An import that ends meanwhile stays out, one that begins meanwhile is not
/// known yet: a read that goes on for long (an export, the stream of a whole tree) may show the part of it that is
/// stored by then. A bound on ids, which are in time order, would keep that out, but would hide what is there on a
/// machine whose clock was set back; an allow-list would make every count look at every document. So whoever needs
/// the exact moment reads again after the import.
pub fn visible_imports(tree: &Body) -> Filter {
    let pending = tree::pending_imports(tree);
    if pending.is_empty() {
        return Filter::All;
    }
    Filter::NotIn("importId", pending.into_iter().map(Value::String).collect())
}
