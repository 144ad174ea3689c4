//! Jobs over a real store, with messages made by hand.

#[cfg(test)]
mod account_exports;
mod exports;
mod imports;
#[cfg(test)]
mod leaving;
mod media;
mod recovery;
mod trees;
mod undo;
mod update;
// Said although it is always so here: it is how clippy knows that `unwrap` may stand in helpers too.
#[cfg(test)]
mod world;
