//! The account as it is shown (contract 2.4): every key that a version of the frontend reads.

use dzinza_domain::fields::enum_value;
use dzinza_ports::{Role, User};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The words for who sees a profile, older ones too.
pub const VISIBILITIES: &[&str] = &["public", "family", "private", "friends_only"];
/// The words for themes, older ones too.
pub const THEMES: &[&str] = &["light", "dark", "auto", "system"];
const DEFAULT_VISIBILITY: &str = "private";
const DEFAULT_THEME: &str = "light";

/// An account, with every spelling that a version of the frontend reads.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
#[expect(clippy::struct_excessive_bools, reason = "they are what the frontend reads")]
pub struct UserView {
    /// UUID.
    pub id: String,
    /// The same.
    #[serde(rename = "_id")]
    pub mongo_id: String,
    /// Lowercase.
    pub email: String,
    /// If one was chosen or derived.
    pub username: Option<String>,
    /// Given names.
    pub first_name: String,
    /// The same.
    #[serde(rename = "first_name")]
    pub first_name_snake: String,
    /// Family name; may be empty.
    pub last_name: String,
    /// The same.
    #[serde(rename = "last_name")]
    pub last_name_snake: String,
    /// Both names.
    pub name: String,
    /// `en`, `sn` or `nd`.
    pub preferred_language: String,
    /// The same.
    #[serde(rename = "preferred_language")]
    pub preferred_language_snake: String,
    /// Such as `Africa/Harare`.
    pub timezone: String,
    /// Whether the address has been proved.
    pub email_verified: bool,
    /// One of `user`, `moderator`, `admin`.
    pub roles: Vec<String>,
    /// The same.
    pub role: String,
    /// Whether it may administer the platform.
    pub is_superuser: bool,
    /// Whether it can sign in.
    pub is_active: bool,
    /// Whether a second factor is asked for.
    pub mfa_enabled: bool,
    /// Address of a picture.
    pub profile_photo: Option<String>,
    /// The same.
    pub profile_image_url: Option<String>,
    /// The same.
    pub profile_picture_url: Option<String>,
    /// `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub date_of_birth: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Free text.
    pub gender: Option<String>,
    /// Free text.
    pub bio: Option<String>,
    /// `{country, state, city, coordinates}`.
    #[schema(value_type = Option<Object>)]
    pub location: Option<Value>,
    /// Plan.
    pub subscription_tier: String,
    /// Last sign-in.
    #[schema(format = DateTime)]
    pub last_login_at: Option<String>,
    /// The same.
    #[schema(format = DateTime)]
    pub last_login: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// Settings.
    pub preferences: Preferences,
}

/// Settings of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preferences {
    /// What it wants to be told.
    pub notifications: NotificationPreferences,
    /// What others see.
    pub privacy: PrivacyPreferences,
    /// `light`, `dark` or `auto`.
    pub theme: String,
    /// The account's own.
    pub timezone: String,
}

/// What an account wants to be told, and how.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationPreferences {
    /// By e-mail.
    pub email: bool,
    /// By push message.
    pub push: bool,
    /// News of the platform.
    pub newsletter: bool,
}

/// What others see of an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivacyPreferences {
    /// `public`, `family` or `private`.
    pub profile_visibility: String,
    /// Whether others may write.
    pub allow_messages: bool,
    /// Whether others see when it is signed in.
    pub show_online_status: bool,
}

impl UserView {
    /// What the account's owner sees of it. Hashes and counters are not among it.
    pub fn of(user: &User) -> Self {
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
            preferences: Preferences::of(user),
        }
    }
}

impl Preferences {
    /// What is stored, with the defaults where nothing is.
    fn of(user: &User) -> Self {
        let flag = |part: &Value, key: &str| part.get(key).and_then(Value::as_bool).unwrap_or(false);
        let (told, shown) = (&user.notification_preferences, &user.privacy_settings);
        let word = |value: Option<&Value>, field, words| {
            enum_value(value, field, words)
                .ok()
                .flatten()
                .and_then(|word| word.as_str().map(present_spelling))
        };
        Self {
            notifications: NotificationPreferences {
                email: flag(told, "email"),
                push: flag(told, "push"),
                newsletter: flag(told, "newsletter"),
            },
            privacy: PrivacyPreferences {
                profile_visibility: word(shown.get("profileVisibility"), "profileVisibility", VISIBILITIES)
                    .unwrap_or(DEFAULT_VISIBILITY)
                    .to_owned(),
                allow_messages: flag(shown, "allowMessages"),
                show_online_status: flag(shown, "showOnlineStatus"),
            },
            theme: word(user.ui_preferences.get("theme"), "theme", THEMES)
                .unwrap_or(DEFAULT_THEME)
                .to_owned(),
            timezone: user.timezone.clone(),
        }
    }
}

/// The words of older versions under the names of today.
pub fn present_spelling(word: &str) -> &'static str {
    match word {
        "public" => "public",
        "family" | "friends_only" => "family",
        "dark" => "dark",
        "auto" | "system" => "auto",
        "light" => DEFAULT_THEME,
        _ => DEFAULT_VISIBILITY,
    }
}

/// RFC 3339, UTC, always six digits: `2025-07-14T09:30:00.123456Z`.
pub fn wire_time(moment: Timestamp) -> String {
    format!("{moment:.6}")
}
