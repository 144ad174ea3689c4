//! Who is told when somebody else changes an account.

use dzinza_letters::{Letterhead, PostError, Reader};
use dzinza_ports::{Letter, User};
use dzinza_web::Problem;

use crate::AdminPorts;
use crate::change::Wanted;

/// The letters that follow from a change, written with it: to the former address and the new one if it has another, which
/// has to be proved unless the administrator vouches for it; and that two-step sign-in is off.
pub(crate) async fn about(
    ports: &AdminPorts,
    user: &User,
    wanted: &mut Wanted,
) -> Result<Vec<Letter>, Problem> {
    write(ports, user, wanted).await.map_err(|error| {
        tracing::error!(%error, "there is no letter");
        Problem::internal()
    })
}

async fn write(ports: &AdminPorts, user: &User, wanted: &mut Wanted) -> Result<Vec<Letter>, PostError> {
    let mut letters = Vec::new();
    if wanted.without_factors {
        letters.push(ports.post.news(user, Letterhead::mfa_off).await?);
    }
    let Some(address) = &wanted.change.email else { return Ok(letters) };
    letters.push(ports.post.news(user, Letterhead::email_left).await?);
    let moved = User { email: address.clone(), ..user.clone() };
    if wanted.change.email_verified == Some(true) {
        letters.push(ports.post.news(&moved, Letterhead::email_given).await?);
        return Ok(letters);
    }
    let (token, letter) = ports.post.proof_of_address(&Reader::of(&moved), Letterhead::email_arrived).await?;
    letters.push(letter);
    wanted.change.email_verification = Some(Some(token));
    wanted.change.given.email = Some(user.email.clone());
    Ok(letters)
}
