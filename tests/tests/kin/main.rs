//! Who is whose kin, over HTTP.
#![cfg(test)]

mod asking;
mod editing;
mod family;
mod processes;
mod refused;
mod relations;
mod size;
mod strangers;
