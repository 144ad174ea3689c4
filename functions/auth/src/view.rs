//! The account as it is shown (contract 2.4): every key that a version of the frontend reads.

use dzinza_ports::{Role, User};
use jiff::Timestamp;

use crate::preferences;
use crate::wire::{SignedIn, Tokens, UserView};

impl UserView {
    /// What the account's owner sees of it. Hashes and counters are not among it.
    pub(crate) fn of(user: &User) -> Self {
        let first_name = user.first_name.clone().unwrap_or_default();
        let last_name = user.last_name.clone().unwrap_or_default();
        let role = user.role.as_str().to_owned();
        let photo = user.profile_picture_url.clone();
        let last_login = user.last_login_at.map(wire_time);
        Self {
            id: user.id.clone(),
            mongo_id: user.id.clone(),
            email: user.email.clone(),
            username: user.username.clone(),
            name: format!("{first_name} {last_name}").trim().to_owned(),
            first_name_snake: first_name.clone(),
            first_name,
            last_name_snake: last_name.clone(),
            last_name,
            preferred_language: user.preferred_language.clone(),
            preferred_language_snake: user.preferred_language.clone(),
            timezone: user.timezone.clone(),
            email_verified: user.email_verified,
            roles: vec![role.clone()],
            role,
            is_superuser: user.is_superuser || user.role == Role::Admin,
            is_active: user.is_active,
            mfa_enabled: user.mfa_enabled,
            profile_photo: photo.clone(),
            profile_image_url: photo.clone(),
            profile_picture_url: photo,
            date_of_birth: user.date_of_birth.map(|date| date.to_string()),
            phone: user.phone.clone(),
            gender: user.gender.clone(),
            bio: user.bio.clone(),
            location: user.location.clone(),
            subscription_tier: user.subscription_tier.clone(),
            last_login_at: last_login.clone(),
            last_login,
            created_at: wire_time(user.created_at),
            updated_at: wire_time(user.updated_at),
            preferences: preferences::view(user),
        }
    }
}

impl SignedIn {
    pub(crate) fn new(message: &str, user: &User, tokens: Tokens) -> Self {
        Self {
            message: message.to_owned(),
            user: Some(UserView::of(user)),
            tokens: Some(tokens),
            require_mfa: false,
            mfa_methods: None,
        }
    }

    /// Nothing of the account is shown before the second factor.
    pub(crate) fn second_factor_wanted(methods: Vec<&'static str>) -> Self {
        Self {
            message: "Enter the code of your second factor".to_owned(),
            user: None,
            tokens: None,
            require_mfa: true,
            mfa_methods: Some(methods),
        }
    }
}

/// RFC 3339, UTC, always six digits: `2025-07-14T09:30:00.123456Z`.
pub(crate) fn wire_time(moment: Timestamp) -> String {
    format!("{moment:.6}")
}
