// Signing in with who one is elsewhere: through the pages of a real OpenID Connect issuer and back.
import assert from "node:assert/strict";
import { call, issuer, me, open, url } from "./stage.mjs";

/** Leaves for the issuer, as the button of a frontend does. */
async function leave(page, query = "") {
  const begun = await call(page, "GET", `/api/auth/oauth/home${query}`);
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  assert.ok(begun.body.authUrl.startsWith(`${issuer}/`));
  await page.evaluate((to) => location.assign(to), begun.body.authUrl);
}

/** Says who one is on the issuer's own page. */
async function identify(page, email) {
  await page.locator("input[name=login]").fill(email);
  await page.locator("input[name=password]").fill("any");
  await page.locator("button[type=submit]").click();
}

/** Consents if asked, until the browser is back; answers what stands in the address then. */
async function comeBack(page) {
  const home = new RegExp(`^${url}/auth/oauth/callback/home\\?`);
  const consent = page.locator("button", { hasText: "Continue" });
  await Promise.race([page.waitForURL(home), consent.waitFor().then(() => consent.click()).catch(() => {})]);
  await page.waitForURL(home);
  const query = new URL(page.url()).searchParams;
  return { code: query.get("code"), state: query.get("state") };
}

const finish = (page, answer) => call(page, "POST", "/api/auth/oauth/home/callback", answer);

export default {
  async "identity-provider"(browser) {
    const page = await open(browser);
    await page.goto(url);
    await leave(page);
    await identify(page, "rudo@example.org");
    const answer = await comeBack(page);
    assert.equal(await page.textContent("h1"), "Home", "the address is the frontend's");
    const first = await finish(page, answer);
    assert.equal(first.status, 200, JSON.stringify(first.body));
    assert.ok(first.body.tokens.accessToken && first.body.tokens.refreshToken);
    const rudo = (await me(page)).body.user;
    assert.deepEqual([rudo.email, rudo.emailVerified, rudo.name], ["rudo@example.org", true, "Rudo Moyo"]);
    assert.equal(await page.evaluate(() => document.cookie), "", "no script sees a cookie");
    assert.equal((await finish(page, answer)).status, 400, "coming back by the button opens nothing twice");

    // Signed out here one is still known there, and the same account opens without a question.
    assert.equal((await call(page, "POST", "/api/auth/logout", {})).status, 200);
    assert.equal((await me(page)).status, 401);
    await page.goto(url);
    await leave(page);
    assert.equal((await finish(page, await comeBack(page))).body.user.id, rudo.id);
    assert.equal((await me(page)).status, 200);

    // Eve sends a link with what she came back with: it signs nobody in to her account.
    const eve = await open(browser);
    await eve.goto(url);
    await leave(eve);
    await identify(eve, "eve@example.org");
    const hers = await comeBack(eve);
    const victim = await open(browser);
    await victim.goto(eve.url());
    assert.equal((await finish(victim, hers)).status, 400);
    assert.equal((await me(victim)).status, 401);
    assert.equal((await finish(eve, hers)).status, 400, "what was shown to another is spent");
    // Nor does it link her identity to an account that is signed in.
    await leave(eve);
    const again = await comeBack(eve);
    await page.goto(eve.url());
    assert.equal((await finish(page, again)).status, 400);
    const { identities } = (await call(page, "GET", "/api/auth/identities")).body;
    assert.deepEqual(identities.map((one) => one.email), ["rudo@example.org"]);
  },
};
