//! Letters that tell the owner of an account what has happened to it.

pub(crate) mod keys;
pub(crate) mod new_device;
