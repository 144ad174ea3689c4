//! Records and citations over HTTP, with the real store.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod citations;
mod files;
mod records;
mod sight;
mod unlink;
mod world;
