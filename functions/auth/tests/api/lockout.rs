use dzinza_ports::{Clock as _, UserChange};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::{House, PASSWORD};

const EMAIL: &str = "tendai@example.org";
const WRONG: &str = "Mutupo-1891";

async fn fail(house: &House, email: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(house.login(email, WRONG).await.status, 401);
    }
}

#[tokio::test]
async fn five_wrong_passwords_lock_an_address_even_for_the_right_one() {
    let house = House::new();
    house.register(EMAIL).await;
    fail(&house, EMAIL, 5).await;
    house.advance_minutes(5);
    let locked = house.login(EMAIL, PASSWORD).await;
    assert_eq!((locked.status.as_u16(), &locked.body["error"]), (423, &json!("ACCOUNT_LOCKED")));
    assert_eq!((&locked.body["retryAfter"], locked.number("retry-after")), (&json!(600), 600));
    assert_eq!(house.recorded().last().unwrap(), "LOGIN_FAILED_ACCOUNT_LOCKED");
    let user = house.user(EMAIL).await;
    assert_eq!(user.failed_login_attempts, 5);
    assert_eq!(user.locked_until, Some(house.clock.now() + SignedDuration::from_mins(10)));
}

#[tokio::test]
async fn an_address_without_account_locks_alike() {
    let house = House::new();
    house.register(EMAIL).await;
    let mut answers = Vec::new();
    for email in [EMAIL, "nobody@example.org"] {
        fail(&house, email, 5).await;
        answers.push(house.login(email, WRONG).await);
    }
    assert_eq!((answers[0].status.as_u16(), answers[1].status.as_u16()), (423, 423));
    assert_eq!(answers[0].body, answers[1].body);
}

#[tokio::test]
async fn a_lock_ends_by_itself_and_the_count_starts_again() {
    let house = House::new();
    house.register(EMAIL).await;
    fail(&house, EMAIL, 5).await;
    house.advance_minutes(15);
    fail(&house, EMAIL, 4).await;
    assert_eq!(house.user(EMAIL).await.failed_login_attempts, 4);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 200);
    let user = house.user(EMAIL).await;
    assert_eq!((user.failed_login_attempts, user.locked_until), (0, None));
    fail(&house, EMAIL, 4).await;
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn each_lock_that_follows_lasts_twice_as_long_up_to_a_day_until_a_sign_in() {
    let house = House::new();
    house.register(EMAIL).await;
    for email in [EMAIL, "nobody@example.org"] {
        for minutes in [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440] {
            fail(&house, email, 5).await;
            let locked = house.login(email, PASSWORD).await;
            assert_eq!(locked.body["retryAfter"], json!(minutes * 60), "{email}");
            house.advance_minutes(minutes);
        }
    }
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 200);
    fail(&house, EMAIL, 5).await;
    assert_eq!(house.login(EMAIL, PASSWORD).await.body["retryAfter"], json!(900));
}

#[tokio::test]
async fn a_lock_that_an_operator_wrote_into_the_account_is_honoured() {
    let house = House::new();
    house.register(EMAIL).await;
    let until = house.clock.now() + SignedDuration::from_mins(2);
    house.change(EMAIL, UserChange { locked_until: Some(Some(until)), ..UserChange::default() }).await;
    assert_eq!(house.login(EMAIL, PASSWORD).await.body["retryAfter"], json!(120));
    house.advance_minutes(2);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_guesses_get_no_further_than_the_processors_allow() {
    let house = House::new();
    house.register(EMAIL).await;
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let house = house.clone();
            tokio::spawn(async move { house.login(EMAIL, WRONG).await.status.as_u16() })
        })
        .collect();
    let mut evaluated = 0;
    for attempt in attempts {
        let status = attempt.await.unwrap();
        assert!(matches!(status, 401 | 423), "{status}");
        evaluated += usize::from(status == 401);
    }
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!((5..5 + cores).contains(&evaluated), "{evaluated} passwords were looked at");
    let locked = house.login(EMAIL, PASSWORD).await;
    assert_eq!(locked.body["retryAfter"], json!(900));
}

#[tokio::test]
async fn without_counters_nobody_signs_in_or_up() {
    let house = House::new();
    house.register(EMAIL).await;
    house.cut_counters_off();
    let reply = house.login(EMAIL, PASSWORD).await;
    assert_eq!((reply.status.as_u16(), reply.cookies().len()), (503, 0));
    assert_eq!(reply.header("retry-after"), "1");
}
