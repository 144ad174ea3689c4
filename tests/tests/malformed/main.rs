//! Requests that are wrong in every way we could think of: each is told what is wrong with it in the one error
//! body, none is our fault (5xx), and none changes anything.
#![cfg(test)]

mod addresses;
mod bodies;
mod files;
mod house;
mod uploads;
mod wire;
