//! Who may see and do what, over every operation that the platform describes of itself.
#![cfg(test)]

mod administrators;
mod callers;
mod photos;
mod public;
mod strangers;
mod world;
