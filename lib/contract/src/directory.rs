//! What [`Users`](dzinza_ports::Users) promises of finding and counting accounts.

use dzinza_ports::{Clock as _, NewUser, Role, UserChange, UserFilter, UserOrder, UserPage};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use crate::accounts::new_user;
use crate::support::there;
use crate::{AccountPorts, Failed, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("a page has what its filter lets through, and the count of all of that", filtered);
    suite.case("a part of an address is found without regard to case, and nothing in it is special", parts);
    suite.case("pages come in their order and both ways, ties by id", ordered);
    suite.case("pages follow one another, and one beyond the end is empty", paged);
    suite.case("accounts are counted by the day they were made, in UTC", by_day);
}

/// Five accounts: addresses, names, roles, days; the fourth is not active, the fifth has signed in.
async fn people(fresh: &Fresh<AccountPorts>) -> Result<Timestamp, Failed> {
    let now = fresh.clock.now();
    let users = &*fresh.port.users;
    for (number, email, last_name, role, hours) in [
        (1, "a_b@example.org", Some("moyo"), Role::User, 0),
        (2, "axb@example.org", Some("Dube"), Role::Admin, 13),
        (3, "100%@example.org", None, Role::Moderator, 13),
        (4, "zodwa@EXAMPLE.com", Some("Ndlovu"), Role::User, 37),
        (5, "back\\slash@example.org", Some("dube"), Role::User, 38),
    ] {
        let new = new_user(number, now + SignedDuration::from_hours(hours));
        let email = email.to_owned();
        users.insert(NewUser { email, last_name: last_name.map(str::to_owned), role, ..new }).await?;
    }
    let change = UserChange { is_active: Some(false), ..UserChange::default() };
    there(users.update(&new_user(4, now).id, change, now).await?)?;
    let last_login = Some((now + SignedDuration::from_hours(40), "192.0.2.1".to_owned(), "agent".to_owned()));
    let change = UserChange { last_login, ..UserChange::default() };
    there(users.update(&new_user(5, now).id, change, now).await?)?;
    Ok(now)
}

/// The last digits of the ids of a page, and the count.
async fn ask(fresh: &Fresh<AccountPorts>, page: UserPage) -> Result<(String, u64), Failed> {
    let (users, total) = fresh.port.users.page(page).await?;
    Ok((users.iter().filter_map(|user| user.id.chars().last()).collect(), total))
}

fn all(filter: UserFilter) -> UserPage {
    UserPage { filter, limit: 100, ..UserPage::default() }
}

async fn filtered(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = people(&fresh).await?;
    let hours = |hours| Some(now + SignedDuration::from_hours(hours));
    let none = UserFilter::default;
    for (filter, expected) in [
        (none(), "12345"),
        (UserFilter { role: Some(Role::User), ..none() }, "145"),
        (UserFilter { role: Some(Role::Moderator), ..none() }, "3"),
        (UserFilter { is_active: Some(true), ..none() }, "1235"),
        (UserFilter { is_active: Some(false), ..none() }, "4"),
        (UserFilter { created_since: hours(13), ..none() }, "2345"),
        (UserFilter { created_before: hours(13), ..none() }, "1"),
        (UserFilter { created_since: hours(1), created_before: hours(38), ..none() }, "234"),
        (UserFilter { seen_since: hours(40), ..none() }, "5"),
        (UserFilter { seen_since: hours(41), ..none() }, ""),
        (
            UserFilter { role: Some(Role::User), is_active: Some(true), created_since: hours(1), ..none() },
            "5",
        ),
    ] {
        let found = ask(&fresh, all(filter.clone())).await?;
        assert_eq!(found, (expected.to_owned(), expected.len() as u64), "{filter:?}");
    }
    Ok(())
}

async fn parts(fresh: Fresh<AccountPorts>) -> Outcome {
    people(&fresh).await?;
    for (part, expected) in [
        ("", "12345"),
        ("EXAMPLE.ORG", "1235"),
        ("example.com", "4"),
        ("a_b", "1"),
        ("_", "1"),
        ("%", "3"),
        ("0%@", "3"),
        ("\\", "5"),
        ("'", ""),
        ("axb@example.org", "2"),
    ] {
        let filter = UserFilter { email_part: Some(part.to_owned()), ..UserFilter::default() };
        let found = ask(&fresh, all(filter)).await?;
        assert_eq!(found, (expected.to_owned(), expected.len() as u64), "{part:?}");
    }
    Ok(())
}

async fn ordered(fresh: Fresh<AccountPorts>) -> Outcome {
    people(&fresh).await?;
    for (order, forwards) in
        [(UserOrder::CreatedAt, "12345"), (UserOrder::Email, "31254"), (UserOrder::LastName, "32514")]
    {
        let page = UserPage { order, limit: 100, ..UserPage::default() };
        assert_eq!(ask(&fresh, page.clone()).await?.0, forwards, "{order:?}");
        let backwards: String = forwards.chars().rev().collect();
        assert_eq!(ask(&fresh, UserPage { descending: true, ..page }).await?.0, backwards, "{order:?}");
    }
    Ok(())
}

async fn paged(fresh: Fresh<AccountPorts>) -> Outcome {
    people(&fresh).await?;
    for (offset, limit, expected) in [
        (0, 2, "12"),
        (2, 2, "34"),
        (4, 2, "5"),
        (5, 2, ""),
        (u64::MAX, 2, ""),
        (1, 0, ""),
        (0, u32::MAX, "12345"),
    ] {
        let page = UserPage { offset, limit, ..UserPage::default() };
        assert_eq!(ask(&fresh, page).await?, (expected.to_owned(), 5), "{offset} {limit}");
    }
    Ok(())
}

async fn by_day(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    assert_eq!(users.made_by_day(UserFilter::default()).await?, []);
    // The clock stands at noon of 1 March 2026.
    let now = people(&fresh).await?;
    let days = [(date(2026, 3, 1), 1), (date(2026, 3, 2), 2), (date(2026, 3, 3), 2)];
    assert_eq!(users.made_by_day(UserFilter::default()).await?, days);
    let filter = UserFilter {
        created_since: Some(now + SignedDuration::from_hours(1)),
        is_active: Some(true),
        ..UserFilter::default()
    };
    assert_eq!(users.made_by_day(filter).await?, [(date(2026, 3, 2), 2), (date(2026, 3, 3), 1)]);
    Ok(())
}
