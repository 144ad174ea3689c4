use std::io::Read as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dzinza_auth::{NewAccount, create_account};
use dzinza_ports::Role;
use dzinza_runner::demo::in_words;
use dzinza_runner::platform::Platform;
use rand::Rng as _;

use super::{DataFolder, out};

#[derive(Subcommand)]
pub enum Command {
    /// Make an account
    Create(Create),
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    folder: DataFolder,
    /// Its address
    #[arg(long)]
    email: String,
    /// The person's name
    #[arg(long, default_value = "")]
    name: String,
    /// Make it an administrator of the platform
    #[arg(long)]
    admin: bool,
    /// Read the password from standard input; without this one is made and shown
    #[arg(long)]
    password_stdin: bool,
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    let Command::Create(create) = command;
    let settings = create.folder.settings()?;
    let platform = Platform::open(&settings, &settings.data)?.ready().await?;
    let password = if create.password_stdin {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("reading the password")?;
        text.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        made_password()
    };
    let local = create.email.split('@').next().unwrap_or_default();
    let name = if create.name.trim().is_empty() { local } else { create.name.trim() };
    let (first, last) = name.split_once(char::is_whitespace).unwrap_or((name, ""));
    let account = NewAccount {
        email: create.email.clone(),
        password: Some(password.clone()),
        first_name: first.to_owned(),
        last_name: last.trim().to_owned(),
        role: if create.admin { Role::Admin } else { Role::User },
        ..NewAccount::default()
    };
    let user = create_account(&platform.auth_ports(), account).await.map_err(in_words)?;
    out::line(&format!("Made account {} ({}).", user.email, user.role.as_str()));
    if !create.password_stdin {
        out::line(&format!("Its password is {password}"));
    }
    Ok(())
}

/// A password that keeps the rule for passwords and can be read aloud: 80 bits.
pub fn made_password() -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789X";
    let mut random = rand::rng();
    let letters = (0..16).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]));
    let groups: Vec<String> = letters.collect::<Vec<_>>().chunks(4).map(String::from_iter).collect();
    format!("Dz7-{}", groups.join("-"))
}
