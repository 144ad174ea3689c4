//! Attacks on accounts, over HTTP against the whole platform. What other tests prove already is not here:
//! `docs/security.md` says which test stands for which threat.
#![cfg(test)]

mod administration;
mod caching;
mod cross_site;
mod enumeration;
mod factors;
mod fixation;
mod former;
mod injection;
mod issuer;
mod logs;
mod programs;
mod providers;
mod races;
mod redirects;
mod support;
mod tokens;
