// Signing up, wrong passwords, mailed links.
import assert from "node:assert/strict";
import { EMAIL, PASSWORD, call, inspect, letter, me, open, signIn, signUp, url } from "./stage.mjs";

const NEW = "Baobab-1897";

export default {
  async "signing-up"(browser) {
    const page = await open(browser);
    await page.goto(url);
    const answer = await signUp(page);
    assert.equal(answer.status, 201);
    assert.ok(answer.body.tokens.accessToken && answer.body.user.email === EMAIL);
    assert.equal((await me(page)).status, 200, "the cookie alone makes a caller");
    assert.equal(await page.evaluate(() => document.cookie), "", "no script sees it");
    assert.equal((await signUp(page)).status, 409);

    const other = await open(browser);
    await other.goto(url);
    assert.equal((await me(other)).status, 401);
    for (let tries = 0; tries < 5; tries += 1) {
      const wrong = await signIn(other, "Wrong-1890");
      assert.equal(wrong.status, 401);
      assert.ok(wrong.body.message);
    }
    const locked = await signIn(other, PASSWORD);
    assert.equal(locked.status, 423);
    assert.ok(Number(locked.retryAfter) > 0 && locked.body.message.includes("later"));
    assert.equal((await me(page)).status, 200, "who is signed in stays so");
    assert.equal((await call(page, "POST", "/api/auth/logout", {})).status, 200);
    assert.equal((await me(page)).status, 401);
  },

  async verifying(browser) {
    const page = await open(browser);
    await page.goto(url);
    await signUp(page);
    assert.equal((await me(page)).body.user.emailVerified, false);

    const reader = await open(browser, { javaScriptEnabled: false });
    const html = await letter("/api/auth/verify-email/");
    await reader.setContent(html);
    assert.deepEqual(reader.complaints, []);
    await inspect(reader, "letter-welcome");
    await reader.getByRole("link", { name: "Confirm my address" }).click();
    await reader.waitForURL(`${url}/login?verified=1`);
    assert.equal((await me(page)).body.user.emailVerified, true);
    await reader.setContent(html);
    await reader.getByRole("link", { name: "Confirm my address" }).click();
    await reader.waitForURL(`${url}/login?verified=0`);
  },

  async "forgotten-password"(browser) {
    const page = await open(browser);
    await page.goto(url);
    await signUp(page);
    for (let tries = 0; tries < 5; tries += 1) await signIn(page, "Wrong-1890");
    assert.equal((await signIn(page, PASSWORD)).status, 423);
    const asked = await call(page, "POST", "/api/auth/forgot-password", { email: EMAIL });
    assert.deepEqual(asked, await call(page, "POST", "/api/auth/forgot-password", { email: "nobody@example.org" }));

    const reader = await open(browser, { javaScriptEnabled: false, locale: "sn-ZW" });
    await reader.setContent(await letter("/api/auth/reset-password/"));
    await inspect(reader, "letter-reset");
    const opened = reader.waitForResponse(/reset-password/);
    await reader.getByRole("link", { name: "Choose a new password" }).click();
    const headers = await (await opened).allHeaders();
    assert.equal(headers["content-language"], "sn");
    assert.match(headers["content-security-policy"], /^default-src 'none'; .*style-src 'sha256-/);
    await reader.waitForLoadState();
    assert.equal(await reader.locator("html").getAttribute("lang"), "sn");
    assert.equal(await reader.getByRole("heading", { level: 1 }).textContent(), "Sarudzai pasiwedhi itsva");
    const field = reader.getByLabel("Pasiwedhi itsva");
    const focused = () => field.evaluate((element) => element === document.activeElement);
    assert.ok(await focused(), "whoever types, types the password");
    await inspect(reader, "form");

    await field.fill("mutupo-1890");
    await reader.keyboard.press("Enter");
    await reader.getByRole("alert").waitFor();
    assert.match(await reader.title(), /^Pasiwedhi inofanira/, "the title is read out first");
    const told = await field.evaluate((element) => element.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id)?.textContent));
    assert.match(told[0], /^Pasiwedhi inofanira/);
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.ok(await focused());
    await inspect(reader, "form-problem");

    assert.equal((await me(page)).status, 200);
    await field.fill(NEW);
    await reader.keyboard.press("Tab");
    assert.ok(await reader.getByRole("button").evaluate((element) => element === document.activeElement), "the next stop is the button");
    await reader.keyboard.press("Enter");
    await reader.getByRole("heading", { name: "Pasiwedhi yenyu yashandurwa" }).waitFor();
    await inspect(reader, "done");
    assert.deepEqual(reader.complaints, []);

    assert.equal((await me(page)).status, 401, "all sessions have ended");
    assert.equal((await signIn(page, PASSWORD)).status, 401);
    assert.equal((await signIn(page, NEW)).status, 200, "and the lock is lifted");
    await letter("was set anew");
  },
};
