//! Which account a person gets whom a provider knows (contract 3.3).
//!
//! By the provider's own id of the person; else by an address that the provider has proved. An address that it has not
//! proved links nothing: whoever can name any address at some provider would get anybody's account ("non-verifying IdP
//! attack"). An account whose own address was never proved is first taken from whoever made it: see [`super::reclaim`].

use dzinza_domain::fields::Input;
use dzinza_ports::{Identity, Role, StoreErrorKind, User};
use dzinza_web::{ClientInfo, Problem};
use http::StatusCode;
use serde_json::json;

use super::provider::Profile;
use super::reclaim::reclaim;
use crate::account::Applicant;
use crate::login::inactive;
use crate::notices::keys;
use crate::{AuthPorts, Service, audit, email, erasure, letters, site};

/// As many characters as a name of an account may have.
const NAME_MAX: usize = 50;

/// What to do with a person.
pub(crate) enum Decision {
    /// Sign in to this account, after linking if that is still to be done.
    SignIn { user: User, link: bool },
    /// Take this account from whoever made it, then link and sign in.
    Reclaim(User),
    /// Make an account with this address.
    Create(String),
}

/// An account that a person may be signed in to.
pub(crate) struct Made {
    pub(crate) user: User,
    pub(crate) message: &'static str,
}

/// Decides; changes nothing.
///
/// # Errors
/// 400 without an address, 403 if the account is deactivated, 409 if the address belongs to somebody else, as far as we
/// can tell.
pub(crate) async fn decide(
    ports: &AuthPorts,
    provider: &str,
    profile: &Profile,
) -> Result<Decision, Problem> {
    if let Some(identity) = ports.identities.find(provider, &profile.subject).await? {
        let user = ports.users.by_id(&identity.user_id).await?.ok_or_else(inactive)?;
        return active(user).map(|user| Decision::SignIn { user, link: false });
    }
    let email = address(profile)?;
    let Some(user) = ports.users.by_email(&email).await? else { return Ok(Decision::Create(email)) };
    if !profile.email_verified {
        let message = "There is an account with this e-mail address already. Sign in to it and link the provider there.";
        return Err(Problem::conflict(message));
    }
    let user = active(user)?;
    if !user.email_verified {
        return Ok(Decision::Reclaim(user));
    }
    let linked = ports.identities.of_user(&user.id).await?;
    if linked.iter().any(|identity| identity.provider == provider) {
        return Err(Problem::conflict(
            "This e-mail address belongs to an account with another identity of this provider",
        ));
    }
    Ok(Decision::SignIn { user, link: true })
}

/// Does what was decided.
pub(crate) async fn carry_out(
    service: &Service,
    client: &ClientInfo,
    provider: &str,
    profile: &Profile,
    decision: Decision,
) -> Result<Made, Problem> {
    let ports = &service.ports;
    match decision {
        Decision::SignIn { user, link: false } => Ok(Made { user, message: "You are signed in" }),
        Decision::SignIn { user, link: true } => {
            let user = link_to(ports, client, provider, &user.id, profile).await?;
            Ok(Made { user, message: "You are signed in, and the identity is linked to your account" })
        }
        Decision::Reclaim(user) => {
            let user = reclaim(ports, client, &user).await?.ok_or_else(inactive)?;
            let user = link_to(ports, client, provider, &user.id, profile).await?;
            Ok(Made {
                user,
                message: "You are signed in. Earlier ways to sign in to this account have ended.",
            })
        }
        Decision::Create(email) => {
            let user = create(service, client, provider, profile, email).await?;
            Ok(Made { user, message: "Your account has been created" })
        }
    }
}

/// Links a person to an account.
///
/// # Errors
/// 409 if the person has another account, or the account another person of this provider.
pub(crate) async fn link_to(
    ports: &AuthPorts,
    client: &ClientInfo,
    provider: &str,
    user_id: &str,
    profile: &Profile,
) -> Result<User, Problem> {
    let user = ports.users.by_id(user_id).await?.ok_or_else(inactive).and_then(active)?;
    let taken = || Problem::conflict("This identity belongs to another account");
    let linked = ports.identities.of_user(user_id).await?;
    if let Some(present) = linked.iter().find(|identity| identity.provider == provider) {
        if present.provider_user_id == profile.subject {
            return Ok(user);
        }
        return Err(Problem::conflict(
            "Your account has another identity of this provider; remove that first",
        ));
    }
    let identity = identity(ports, provider, user_id, profile);
    match ports.identities.link(identity).await {
        Ok(()) => {}
        Err(error) if error.kind() == StoreErrorKind::Conflict => return Err(taken()),
        Err(error) => return Err(error.into()),
    }
    audit::record(ports, "IDENTITY_LINKED", Some(user_id), client, json!({ "provider": provider })).await;
    keys::post(ports, keys::identity_linked(ports, &user, provider).await).await;
    Ok(user)
}

async fn create(
    service: &Service,
    client: &ClientInfo,
    provider: &str,
    profile: &Profile,
    email: String,
) -> Result<User, Problem> {
    let ports = &service.ports;
    site::check_open(ports).await?;
    let names = names(profile, &email);
    let body = json!({ "email": email });
    let body = body.as_object().cloned().unwrap_or_default();
    let applicant = Applicant::read(Input(&body), Some(names), None, Vec::new())?
        .known_as(identity(ports, provider, "", profile), profile.email_verified);
    let applicant = if profile.email_verified { applicant } else { applicant.welcomed() };
    let user = applicant.admit(ports, &service.passwords, Role::User).await?;
    letters::announce(ports);
    audit::record(ports, "USER_REGISTERED", Some(&user.id), client, json!({ "by": provider })).await;
    metrics::counter!("auth_service_user_registrations_total").increment(1);
    Ok(user)
}

fn identity(ports: &AuthPorts, provider: &str, user_id: &str, profile: &Profile) -> Identity {
    Identity {
        id: ports.ids.new_id(),
        user_id: user_id.to_owned(),
        provider: provider.to_owned(),
        provider_user_id: profile.subject.clone(),
        email: address(profile).ok(),
        created_at: ports.clock.now(),
    }
}

/// The address a provider tells, in our spelling.
fn address(profile: &Profile) -> Result<String, Problem> {
    let email = profile.email.as_deref().and_then(|email| email::normalise(email).ok());
    email.ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "OAUTH_NO_EMAIL",
            "The provider did not tell us an e-mail address. Allow it there, or sign up with a password.",
        )
    })
}

/// First and last name; without any, what stands before the `@`.
fn names(profile: &Profile, email: &str) -> (String, String) {
    let plain = |name: Option<&String>| {
        let name: String =
            name.into_iter().flat_map(|name| name.chars()).filter(|c| !c.is_control()).collect();
        name.trim().chars().take(NAME_MAX).collect::<String>()
    };
    let (mut first, last) = (plain(profile.first_name.as_ref()), plain(profile.last_name.as_ref()));
    if first.is_empty() && last.is_empty() {
        first = email.split('@').next().unwrap_or_default().chars().take(NAME_MAX).collect();
    }
    (first, last)
}

/// An account that can be signed in to, if that takes back its erasure.
fn active(user: User) -> Result<User, Problem> {
    if user.is_active || erasure::may_come_back(&user) { Ok(user) } else { Err(inactive()) }
}
