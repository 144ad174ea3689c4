//! The routes of this group over a real SQLite store, with a clock that stands still.
// Said although it is always so here: it is how clippy knows that `unwrap` may stand in helpers too.
#![cfg(test)]

mod description;
mod figures;
mod health;
mod settings;
mod support;
mod trail;
mod users_change;
mod users_letters;
mod users_read;
