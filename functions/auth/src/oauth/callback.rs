use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{Body, User};
use dzinza_web::{ClientInfo, JsonBody, MaybeCaller, Problem};
use http::HeaderMap;

use super::attempt::{self, Half};
use super::linking::{self, Decision};
use super::provider::{Profile, Provider, refused};
use super::sign_in;
use crate::Service;
use crate::input::{note, secret};
use crate::mfa::{self, SecondFactor};
use crate::wire::keys::OAuthCallback;
use crate::wire::{ErrorBody, SignedIn};

/// Longest code and state, in bytes.
const LONGEST: usize = 4096;

/// Finish signing in with a provider (contract E24), or linking an identity if that was begun. If the account has a second
/// factor the answer has `requireMfa`; then call again with the same `state`, and `mfaCode` or `passkey` in place of `code`.
#[utoipa::path(
    post, path = "/api/auth/oauth/{provider}/callback", tag = "auth", operation_id = "finishOAuth",
    params(("provider" = String, Path, description = "The provider")),
    request_body = OAuthCallback,
    responses(
        (status = 200, description = "Signed in, with the access cookie; or a second factor is wanted; or the identity is linked", body = SignedIn),
        (status = 400, description = "State or code is unknown, used, over or another browser's; or the provider told no address", body = ErrorBody),
        (status = 401, description = "The second factor is wrong, or the caller who began linking is signed out", body = ErrorBody),
        (status = 403, description = "The account is deactivated, or signing up is switched off", body = ErrorBody),
        (status = 404, description = "There is no such provider", body = ErrorBody),
        (status = 409, description = "The address or the identity belongs to another account", body = ErrorBody),
        (status = 423, description = "Too many wrong codes; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 501, description = "The provider is not configured", body = ErrorBody),
        (status = 503, description = "The provider or a store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn finish_oauth(
    State(service): State<Service>,
    Path(provider): Path<String>,
    client: ClientInfo,
    headers: HeaderMap,
    caller: Result<MaybeCaller, Problem>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let provider = ports.oauth.provider(&provider)?;
    let given = Given::read(&body)?;
    let back = Return { service: &service, provider, client: &client, headers: &headers, state: given.state };
    let Some(code) = given.code else {
        return back.second_half(given.factor).await;
    };
    let begun = attempt::take(ports, &provider.name, &back.state, &headers).await?;
    let now = ports.clock.now();
    let profile = provider.identify(code, begun.verifier, begun.nonce, now).await?;
    if let Some(user_id) = begun.link_to {
        // Whoever is signed in now need not be whoever began.
        let present = caller?.0.ok_or_else(|| Problem::unauthorized("Please sign in to continue"))?;
        if present.user_id != user_id {
            return Err(refused());
        }
        let user = linking::link_to(ports, &client, &provider.name, &user_id, &profile).await?;
        return sign_in::linked(ports, &user);
    }
    match linking::decide(ports, &provider.name, &profile).await? {
        Decision::SignIn { user, .. } if user.mfa_enabled => {
            back.first_half(user, profile, begun.browser, given.factor).await
        }
        decision => {
            let made = linking::carry_out(&service, &client, &provider.name, &profile, decision).await?;
            back.sign_in(made.user, &profile.subject, made.message).await
        }
    }
}

/// Somebody who has come back from a provider.
struct Return<'a> {
    service: &'a Service,
    provider: &'a Provider,
    client: &'a ClientInfo,
    headers: &'a HeaderMap,
    state: String,
}

impl Return<'_> {
    /// The code is spent now, so the person is remembered for the second factor.
    async fn first_half(
        &self,
        user: User,
        profile: Profile,
        browser: String,
        factor: Option<SecondFactor>,
    ) -> Result<Response, Problem> {
        let ports = &self.service.ports;
        let methods = mfa::methods(ports, &user).await?;
        let half = Half { provider: self.provider.name.clone(), browser, user_id: user.id, profile };
        attempt::keep_half(ports, &self.state, &half).await?;
        match factor {
            Some(_) => self.second_half(factor).await,
            None => Ok(Json(SignedIn::second_factor_wanted(methods)).into_response()),
        }
    }

    async fn second_half(&self, factor: Option<SecondFactor>) -> Result<Response, Problem> {
        let factor = factor.ok_or_else(|| FieldProblem::required("code"))?;
        let (ports, name) = (&self.service.ports, &self.provider.name);
        let half = attempt::half(ports, name, &self.state, self.headers).await?;
        // Decided again: the identity may have been removed, or the address given up.
        let decision = linking::decide(ports, name, &half.profile).await?;
        let Decision::SignIn { user, link } = decision else { return Err(refused()) };
        if user.id != half.user_id {
            return Err(refused());
        }
        sign_in::second_factor(self.service, self.client, &user, factor).await?;
        attempt::take_half(ports, &self.state).await?;
        if link {
            linking::link_to(ports, self.client, name, &user.id, &half.profile).await?;
        }
        self.sign_in(user, &half.profile.subject, "You are signed in").await
    }

    async fn sign_in(&self, user: User, subject: &str, message: &str) -> Result<Response, Problem> {
        sign_in::sign_in(&self.service.ports, self.client, user, (&self.provider.name, subject), message)
            .await
    }
}

struct Given {
    state: String,
    code: Option<String>,
    factor: Option<SecondFactor>,
}

impl Given {
    fn read(body: &Body) -> Result<Self, Problem> {
        let input = Input(body);
        let mut problems = Vec::new();
        let bounded = |field: &str| {
            let read = secret(input, &[field], field)?;
            let long = read.as_ref().is_some_and(|text| text.len() > LONGEST);
            if long {
                Err(FieldProblem::new(field, "too_long", format!("{field} is too long")))
            } else {
                Ok(read)
            }
        };
        let state = bounded("state").and_then(|state| state.ok_or_else(|| FieldProblem::required("state")));
        let state = note(state, &mut problems);
        let code = note(bounded("code"), &mut problems).flatten();
        let factor = SecondFactor::read(input, &mut problems);
        if code.is_none() && factor.is_none() {
            problems.push(FieldProblem::required("code"));
        }
        match state {
            Some(state) if problems.is_empty() => Ok(Self { state, code, factor }),
            _ => Err(problems.into()),
        }
    }
}
