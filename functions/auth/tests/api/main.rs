//! The routes of this group over a real SQLite store, with a clock that stands still.

// `cfg(test)` is said although it is always so here: it is how clippy knows that `unwrap` may stand in helpers too.
#[cfg(test)]
mod access_tokens;
#[cfg(test)]
mod avatar;
mod callers;
#[cfg(test)]
mod change_password;
mod description;
#[cfg(test)]
mod export_data;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod leaving;
mod leaving_admins;
mod limits;
mod lockout;
mod login;
mod logout;
#[cfg(test)]
mod mfa;
mod oauth;
#[cfg(test)]
mod oauth_linking;
#[cfg(test)]
mod oauth_second_factor;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod passwords_reset;
#[cfg(test)]
mod planted;
mod profile;
mod refresh;
mod register;
#[cfg(test)]
mod session_list;
#[cfg(test)]
mod site;
#[cfg(test)]
mod support;
mod tongues;
#[cfg(test)]
mod verify;
