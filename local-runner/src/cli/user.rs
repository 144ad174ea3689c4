use std::io::Read as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dzinza_admin::{deactivate_by_operator, give_role};
use dzinza_auth::{NewAccount, create_account};
use dzinza_ports::{Role, User, UserFilter, UserPage};
use dzinza_runner::demo::in_words;
use dzinza_runner::platform::Platform;
use rand::Rng as _;

use super::{DataFolder, out};

#[derive(Subcommand)]
pub enum Command {
    /// Make an account
    Create(Create),
    /// List accounts, the newest first
    List(List),
    /// Make an account an administrator or a moderator; its sessions end
    Promote(Promote),
    /// Take such a role from an account; its sessions end
    Demote(One),
    /// Deactivate an account; its sessions and tokens end, nothing is removed
    Deactivate(One),
}

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    folder: DataFolder,
    /// Only these: user, moderator or admin
    #[arg(long, value_parser = role)]
    role: Option<Role>,
}

#[derive(Args)]
pub struct One {
    #[command(flatten)]
    folder: DataFolder,
    /// Its address
    #[arg(long)]
    email: String,
}

#[derive(Args)]
pub struct Promote {
    #[command(flatten)]
    one: One,
    /// moderator or admin
    #[arg(long, default_value = "admin", value_parser = role)]
    role: Role,
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "one of user, moderator, admin".to_owned())
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
    match command {
        Command::Create(arguments) => create(arguments).await,
        Command::List(arguments) => list(arguments).await,
        Command::Promote(Promote { one, role }) => give(&one, role).await,
        Command::Demote(one) => give(&one, Role::User).await,
        Command::Deactivate(one) => {
            let (platform, user) = one.find().await?;
            deactivate_by_operator(&platform.admin_ports(), &user).await.map_err(in_words)?;
            out::line(&format!("Deactivated account {}.", user.email));
            Ok(())
        }
    }
}

impl One {
    async fn find(&self) -> anyhow::Result<(Platform, User)> {
        let settings = self.folder.existing()?;
        let platform = Platform::open(&settings, &settings.data)?.ready().await?;
        let email = self.email.trim().to_lowercase();
        let user = platform.stores.users.by_email(&email).await?;
        Ok((platform, user.with_context(|| format!("there is no account with the address {email}"))?))
    }
}

async fn give(one: &One, role: Role) -> anyhow::Result<()> {
    let (platform, user) = one.find().await?;
    let user = give_role(&platform.admin_ports(), &user, role).await.map_err(in_words)?;
    out::line(&format!("Account {} has the role {}.", user.email, user.role.as_str()));
    Ok(())
}

/// Accounts read in one step.
const PAGE: u32 = 100;

async fn list(arguments: List) -> anyhow::Result<()> {
    let settings = arguments.folder.existing()?;
    let users = Platform::open(&settings, &settings.data)?.ready().await?.stores.users;
    let filter = UserFilter { role: arguments.role, ..UserFilter::default() };
    let mut offset = 0;
    loop {
        let page =
            UserPage { filter: filter.clone(), descending: true, offset, limit: PAGE, ..UserPage::default() };
        let (found, _) = users.page(page).await?;
        for user in &found {
            let active = if user.is_active { "active" } else { "inactive" };
            let day = user.created_at.strftime("%Y-%m-%d");
            out::line(&format!("{day}  {:<9}  {active:<8}  {}", user.role.as_str(), user.email));
        }
        offset += u64::from(PAGE);
        if found.len() < PAGE as usize {
            return Ok(());
        }
    }
}

async fn create(create: Create) -> anyhow::Result<()> {
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
